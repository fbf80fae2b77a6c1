"""What all services have in common that speak AWS's JSON protocol: model, requests, errors.

A service has these modules, as far as it needs them: ``endpoint`` (HTTP), ``wire`` (requests held to the
model), ``errors``, ``permissions`` (what IAM is asked) and ``views`` (answers).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import botocore.session
from botocore.model import ServiceModel

CONTENT_TYPE = "application/x-amz-json-1.1"

_log = logging.getLogger(__name__)


class ServiceError(Exception):
    """An error answer: ``type`` goes on the wire as ``__type``, with ``status`` as the HTTP status."""

    type: ClassVar[str]
    status: ClassVar[int] = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def members(self) -> dict[str, str]:
        """The answer's other members."""
        return {"message": self.message}


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service, by botocore's name for it."""
    model: ServiceModel = botocore.session.get_session().get_service_model(service)
    return model


def read_request(body: bytes, *, refusal: type[ServiceError]) -> Any:
    """The request's JSON. Raises ``refusal`` for anything else."""
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        raise refusal(f"The request is not JSON: {error}") from None


def json_object(body: bytes) -> Mapping[str, Any]:
    """The request's JSON object; an empty one for anything else, which the service itself refuses."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def error_answer(
    error: Exception, request: str, *, internal: type[ServiceError]
) -> tuple[int, dict[str, str]]:
    """HTTP status and members of the answer to a request that ended with an error.

    An error that is not the service's answer is a mistake in this code: the log gets the cause, and the
    client the error ``internal`` of the service's model.
    """
    if not isinstance(error, ServiceError):
        _log.error("Request %s", request, exc_info=error)
        error = internal(repr(error))
    return error.status, {"__type": error.type, **error.members()}
