"""The errors that the service answers with, by the names of the service model."""

from __future__ import annotations

from local.json_service import ServiceError


class InternalServiceError(ServiceError):
    """API Reference: the one error of the model that is the service's fault (500)."""

    type = "InternalServiceError"
    status = 500


class InvalidRequestError(ServiceError):
    type = "InvalidRequestException"


class PipelineNotFoundError(ServiceError):
    type = "PipelineNotFoundException"


class PipelineDeletedError(ServiceError):
    type = "PipelineDeletedException"


class TaskNotFoundError(ServiceError):
    type = "TaskNotFoundException"


class ConstraintViolationError(ServiceError):
    """What AWS's front end has been seen to answer instead of InvalidRequestException; not in the model."""

    type = "ValidationException"


class ThrottlingError(ServiceError):
    """The developer guide speaks of "a throttling exception" without naming it; the SDKs know this name."""

    type = "ThrottlingException"


class AccessDeniedError(ServiceError):
    """What the front end of every AWS service answers to a caller without the permission."""

    type = "AccessDeniedException"


class UnknownOperationError(ServiceError):
    type = "UnknownOperationException"


class SerializationError(ServiceError):
    type = "SerializationException"
