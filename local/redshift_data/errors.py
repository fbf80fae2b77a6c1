"""The errors that the Data API answers with, by the names of the service model."""

from __future__ import annotations

from typing import ClassVar


class RedshiftDataError(Exception):
    """An error answer: ``type`` goes on the wire as ``__type``, with ``status`` as the HTTP status."""

    type: ClassVar[str] = "InternalServerException"
    status: ClassVar[int] = 500

    def members(self) -> dict[str, str]:
        """The members of the answer."""
        return {"Message": str(self)}


class ValidationError(RedshiftDataError):
    type = "ValidationException"
    status = 400


class ResourceNotFoundError(RedshiftDataError):
    type = "ResourceNotFoundException"
    status = 400

    def __init__(self, message: str, resource_id: str) -> None:
        super().__init__(message)
        self.resource_id = resource_id

    def members(self) -> dict[str, str]:
        return {"Message": str(self), "ResourceId": self.resource_id}


class StatementError(Exception):
    """A statement failed, in the words that DescribeStatement answers with after ``ERROR: ``."""


class NotSupportedError(StatementError):
    """Amazon Redshift would do it, and local AWS does not."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not supported by local Redshift. Amazon Redshift itself knows it.")
