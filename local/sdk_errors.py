"""Names a service's errors as the AWS SDK integrations of Step Functions do.

Source: Step Functions developer guide, "Learning to use AWS service SDK integrations". The names are the
exceptions of the SDK for Java, which adds the suffix Exception to every name. Errors that the service's model
does not list (throttling, access denied) become an exception with the service's name.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from local.json_service import service_model

if TYPE_CHECKING:
    from local.ministack_hooks.handler import Handler


def modelled_errors(service: str) -> frozenset[str]:
    """The names of the error shapes in botocore's model of `service`."""
    return frozenset(shape.name for shape in service_model(service).error_shapes)


def sdk_error(code: str, *, service: str, modelled: Collection[str]) -> str:
    """The SDK's exception name for an error `code` of the service."""
    name = code.rpartition("#")[2].partition(":")[0]
    if name not in modelled:
        return f"{service}Exception"
    return name if name.endswith("Exception") else f"{name}Exception"


def with_sdk_errors(handler: Handler, *, service: str, modelled: Collection[str]) -> Handler:
    """Wrap a service's handler so that its errors have the SDK's names and wording."""

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> tuple[int, dict[str, str], bytes]:
        status, answer_headers, answer = await handler(method, path, headers, body, query)
        if status < 400:
            return status, answer_headers, answer
        error: dict[str, Any] = json.loads(answer or b"{}")
        message = error.get("message") or error.get("Message")
        request_id = answer_headers.get("x-amzn-RequestId") or str(uuid.uuid4())
        named = {
            "__type": sdk_error(error.get("__type", ""), service=service, modelled=modelled),
            "message": f"{message} (Service: {service}, Status Code: {status}, Request ID: {request_id})",
        }
        return status, answer_headers, json.dumps(named).encode()

    return handle
