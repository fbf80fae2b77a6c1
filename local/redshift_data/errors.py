"""The Data API's errors, by their names in the service model."""

from __future__ import annotations

from local.json_service import ServiceError


class RedshiftDataError(ServiceError):
    """An error of the Data API. Its model calls the message ``Message``."""

    def members(self) -> dict[str, str]:
        return {"Message": self.message}


class InternalServerError(RedshiftDataError):
    """The only error that is the service's fault (500)."""

    type = "InternalServerException"
    status = 500


class ValidationError(RedshiftDataError):
    type = "ValidationException"


class ResourceNotFoundError(RedshiftDataError):
    type = "ResourceNotFoundException"

    def __init__(self, message: str, resource_id: str) -> None:
        super().__init__(message)
        self.resource_id = resource_id

    def members(self) -> dict[str, str]:
        return {**super().members(), "ResourceId": self.resource_id}


class StatementError(Exception):
    """A statement failed. The message is what DescribeStatement returns after ``ERROR: ``."""


class NotSupportedError(StatementError):
    """Amazon Redshift supports it, and local AWS does not."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not supported by local Redshift. Amazon Redshift itself knows it.")
