"""The service's errors, by their names in the service model."""

from __future__ import annotations

from local.json_service import ServiceError


class InternalServiceError(ServiceError):
    """API Reference: the only error in the model that is the service's fault (500)."""

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
    """AWS's front end has been seen to send this instead of InvalidRequestException. Not in the model."""

    type = "ValidationException"


class ThrottlingError(ServiceError):
    """The developer guide mentions "a throttling exception" without naming it. The SDKs know this name."""

    type = "ThrottlingException"


class AccessDeniedError(ServiceError):
    """The answer of every AWS service's front end to a caller without the permission."""

    type = "AccessDeniedException"


class UnknownOperationError(ServiceError):
    type = "UnknownOperationException"


class SerializationError(ServiceError):
    type = "SerializationException"
