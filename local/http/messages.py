"""Reading an HTTP request, and answering it, by ASGI's `receive` and `send`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

CALLER = "local.caller"
"""Where a service finds the user id (``aws:userid``) of a request's caller in the ASGI scope."""

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """The request's headers, their names in lower case. The first one counts if a name comes twice."""
    pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    return dict(reversed(pairs))


def target_of(scope: Mapping[str, Any]) -> str | None:
    """The header X-Amz-Target, such as ``DataPipeline.PollForTask``; None without one, or if not HTTP."""
    return headers_of(scope).get("x-amz-target") if scope["type"] == "http" else None


async def read_body(receive: Receive) -> bytes:
    """The whole body of a request."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body") or b""
        if not message.get("more_body"):
            return body


async def respond(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Send a whole response."""
    named = {"content-length": str(len(body))} | {name.lower(): value for name, value in headers.items()}
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
