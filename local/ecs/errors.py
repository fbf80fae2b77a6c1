"""The errors of Amazon ECS, by their names in the service model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local.json_service import ServiceError


class ServerError(ServiceError):
    """The only error that is the service's fault (500)."""

    type = "ServerException"
    status = 500


class ClientError(ServiceError):
    type = "ClientException"


class InvalidParameterError(ServiceError):
    type = "InvalidParameterException"


class ClusterNotFoundError(ServiceError):
    type = "ClusterNotFoundException"

    def __init__(self) -> None:
        super().__init__("Cluster not found.")


class AccessDeniedError(ServiceError):
    type = "AccessDeniedException"


class ThrottlingError(ServiceError):
    """Of all services of AWS: the model of Amazon ECS does not list it."""

    type = "ThrottlingException"

    def __init__(self) -> None:
        super().__init__("Rate exceeded")


class ConflictError(ServiceError):
    """A client token comes again with another request. ``tasks`` are the ARNs that it stands for."""

    type = "ConflictException"

    def __init__(self, message: str, tasks: Sequence[str]) -> None:
        super().__init__(message)
        self._tasks = list(tasks)

    def members(self) -> dict[str, Any]:
        return {**super().members(), "resourceIds": self._tasks}
