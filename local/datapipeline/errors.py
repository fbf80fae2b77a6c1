"""The errors that the service answers with, by the names of the service model."""

from __future__ import annotations

from typing import ClassVar


class ServiceError(Exception):
    """An error answer: `type` goes on the wire as `__type`, with `status` as the HTTP status."""

    type: ClassVar[str] = "InternalServiceError"
    status: ClassVar[int] = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InternalServiceError(ServiceError):
    """API Reference: the one error of the model that is the service's fault (500)."""


class InvalidRequestError(ServiceError):
    type = "InvalidRequestException"
    status = 400


class PipelineNotFoundError(ServiceError):
    type = "PipelineNotFoundException"
    status = 400


class PipelineDeletedError(ServiceError):
    type = "PipelineDeletedException"
    status = 400


class TaskNotFoundError(ServiceError):
    type = "TaskNotFoundException"
    status = 400


class ConstraintViolationError(ServiceError):
    """What AWS's front end has been seen to answer instead of InvalidRequestException; not in the model."""

    type = "ValidationException"
    status = 400


class ThrottlingError(ServiceError):
    """The developer guide speaks of "a throttling exception" without naming it; the SDKs know this name."""

    type = "ThrottlingException"
    status = 400


class AccessDeniedError(ServiceError):
    """What the front end of every AWS service answers to a caller without the permission."""

    type = "AccessDeniedException"
    status = 400


class UnknownOperationError(ServiceError):
    type = "UnknownOperationException"
    status = 400


class SerializationError(ServiceError):
    type = "SerializationException"
    status = 400
