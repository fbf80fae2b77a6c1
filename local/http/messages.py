"""Reads HTTP requests and sends responses through ASGI's `receive` and `send`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

CALLER = "local.caller"
"""The key of the ASGI scope under which a service finds the caller's user id (``aws:userid``)."""

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """The request's headers with lower-case names. If a name occurs twice, the first one counts."""
    pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    return dict(reversed(pairs))


def target_of(scope: Mapping[str, Any]) -> str | None:
    """The header X-Amz-Target, such as ``DataPipeline.PollForTask``; None without it or beyond HTTP."""
    return headers_of(scope).get("x-amz-target") if scope["type"] == "http" else None


async def read_body(receive: Receive) -> bytes:
    """Read the whole body of a request."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body") or b""
        if not message.get("more_body"):
            return body


async def close_connection(send: Send) -> None:
    """Begin a response that ends too early, so that the server closes the connection."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
    await send({"type": "http.response.body", "body": b"", "more_body": True})


async def respond(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Send a complete response."""
    named = {"content-length": str(len(body))} | {name.lower(): value for name, value in headers.items()}
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
