"""HTTP services of this process that are not ministack's, behind the permissions of their callers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.http.requests import read_body
from local.ministack_hooks import Asgi
from local.ministack_hooks.permissions import Permissions
from local.permissions.calls import Call

CALLER = "local.caller"
"""Where an application finds the user id (``aws:userid``) of a request's caller in its scope."""

CallsOf = Callable[[str, bytes], list[Call]]
"""(operation, body) -> what has to be allowed."""


def permitted(service: str, application: Asgi, *, permissions: Permissions, calls_of: CallsOf) -> Asgi:
    """`application`, for requests that name an operation and whose caller may make its calls.

    Requests without X-Amz-Target are no operations of AWS's, and go through.
    """

    async def checked(scope: Any, receive: Any, send: Any) -> None:
        targets = [value for name, value in scope.get("headers", ()) if name.lower() == b"x-amz-target"]
        if scope["type"] != "http" or not targets:
            await application(scope, receive, send)
            return
        operation = targets[0].decode("latin-1").rpartition(".")[2]
        body = await read_body(receive)
        refusal = permissions.refusal(service, scope, body, lambda: calls_of(operation, body))
        if refusal is not None:
            await _respond(send, *refusal)
            return
        caller = permissions.user_id(scope)
        await application({**scope, CALLER: caller}, _with_body(body, receive), send)

    return checked


def _with_body(body: bytes, receive: Any) -> Any:
    """A `receive` that gives the body once more, and then what comes after it."""
    given = False

    async def again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _respond(send: Any, status: int, headers: dict[str, str], body: bytes) -> None:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
