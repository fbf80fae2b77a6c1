"""The errors that the Data API answers with, by the names of the service model."""

from __future__ import annotations

from local.json_service import ServiceError


class RedshiftDataError(ServiceError):
    """An error of the Data API, whose model calls the message ``Message``."""

    def members(self) -> dict[str, str]:
        return {"Message": self.message}


class InternalServerError(RedshiftDataError):
    """The service's own fault (500)."""

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
    """A statement failed, in the words that DescribeStatement answers with after ``ERROR: ``."""


class NotSupportedError(StatementError):
    """Amazon Redshift would do it, and local AWS does not."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not supported by local Redshift. Amazon Redshift itself knows it.")
