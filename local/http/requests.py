"""What an HTTP request to a service of this process brings."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any


async def read_body(receive: Callable[[], Awaitable[Any]]) -> bytes:
    """The whole body, by ASGI's `receive`."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body") or b""
        if not message.get("more_body"):
            return body


def json_object(body: bytes) -> Mapping[str, Any]:
    """The body's JSON object; an empty one if it is none, which the service itself refuses."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}
