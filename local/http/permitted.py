"""Checks callers' permissions in front of HTTP services that are not ministack's."""

from __future__ import annotations

from typing import Any

from local.http.messages import CALLER, read_body, respond, target_of
from local.json_service import json_object
from local.ministack_hooks import Asgi
from local.ministack_hooks.permissions import Permissions
from local.permissions.calls import CallsOf


def permitted(service: str, application: Asgi, *, permissions: Permissions, calls_of: CallsOf) -> Asgi:
    """`application`, reached only by requests whose caller may make the calls of the operation.

    Requests without X-Amz-Target are not AWS operations and pass unchecked.
    """

    async def checked(scope: Any, receive: Any, send: Any) -> None:
        target = target_of(scope)
        if target is None:
            await application(scope, receive, send)
            return
        operation = target.rpartition(".")[2]
        body = await read_body(receive)
        refusal = permissions.refusal(service, scope, body, lambda: calls_of(operation, json_object(body)))
        if refusal is not None:
            await respond(send, *refusal)
            return
        caller = permissions.user_id(scope)
        await application({**scope, CALLER: caller}, _with_body(body, receive), send)

    return checked


def _with_body(body: bytes, receive: Any) -> Any:
    """A `receive` that returns the body once more, and then whatever follows it."""
    given = False

    async def again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
