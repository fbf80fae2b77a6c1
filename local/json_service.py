"""What the services that speak AWS's JSON protocol share: model, requests and errors.

Each service is built from the same modules, as far as it needs them: ``endpoint`` (HTTP), ``wire`` (validates
requests against the model), ``errors``, ``permissions`` (which IAM permissions a request needs) and ``views``
(builds answers).
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
    """An error response. ``type`` becomes ``__type`` in the body; ``status`` is the HTTP status."""

    type: ClassVar[str]
    status: ClassVar[int] = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def members(self) -> dict[str, str]:
        """The other members of the body."""
        return {"message": self.message}


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service."""
    model: ServiceModel = botocore.session.get_session().get_service_model(service)
    return model


def read_request(body: bytes, *, refusal: type[ServiceError]) -> Any:
    """Parse the request's JSON. Raises ``refusal`` if it is not JSON."""
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        raise refusal(f"The request is not JSON: {error}") from None


def json_object(body: bytes) -> Mapping[str, Any]:
    """The request's JSON object; an empty one for anything else, which the service itself then refuses."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def error_answer(
    error: Exception, request: str, *, internal: type[ServiceError]
) -> tuple[int, dict[str, str]]:
    """HTTP status and body of the answer to a request that raised an error.

    Any error but a ServiceError is a bug in this code. It is logged with its traceback, and the client gets
    ``internal``, the internal error of the service's model.
    """
    if not isinstance(error, ServiceError):
        _log.error("Request %s", request, exc_info=error)
        error = internal(repr(error))
    return error.status, {"__type": error.type, **error.members()}
