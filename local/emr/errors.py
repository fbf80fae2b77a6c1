"""EMR's errors. Of what is invalid, its API has two: most operations raise the first, those that change
clusters the second, which the service model does not list."""

from __future__ import annotations

from local.json_service import ServiceError


class EmrError(ServiceError):
    """An error of EMR. Its model calls the message ``Message``."""

    def members(self) -> dict[str, str]:
        return {"Message": self.message}


class InternalServerError(EmrError):
    type = "InternalServerException"
    status = 500


class InvalidRequestError(EmrError):
    type = "InvalidRequestException"


class ValidationError(ServiceError):
    type = "ValidationException"


class ThrottlingError(ServiceError):
    type = "ThrottlingException"


class ServerlessValidationError(ServiceError):
    """What EMR Serverless calls invalid."""

    type = "ValidationException"


class NoSuchRunError(ServiceError):
    type = "ResourceNotFoundException"
    status = 404


class AnswerLostError(Exception):
    """The operation was carried out, and the connection is closed before its answer."""
