"""The console for AWS itself: serves the page, and carries out what it reads with the caller's credentials.

Everything that tells something of the account needs the token, which only the printed address has: other
users and programs of this machine reach the port as well.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from local.console.files import HEADERS, SETTINGS, console
from local.console.operations import Refused, as_json
from local.http.guard import refusal
from local.http.messages import Receive, Send, headers_of, read_body, respond

TOKEN = "x-console-token"  # noqa: S105 - the header's name
AT = "/"

Call = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""(X-Amz-Target, request) -> the operation's answer. Raises Refused."""


def bridge(*, token: str, call: Call, settings: Mapping[str, Any]) -> Any:
    """The ASGI application: the page by GET, and operations by POST as AWS's JSON protocols have them."""
    page = console(at=AT, settings=lambda: settings)

    async def application(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        is_call = scope["method"] == "POST"
        is_page = not is_call and scope["path"] != f"{AT}{SETTINGS}"
        why = refusal(scope["headers"], is_page=is_page)
        given = headers_of(scope)
        if why is None and not is_page and not _same(given.get(TOKEN, ""), token):
            why = "The address is not the whole one that the command printed: its end is the token."
        if why is not None:
            await _tell(send, 403, {"__type": "Forbidden", "message": why})
        elif is_call:
            await _carry_out(call, given.get("x-amz-target", ""), await read_body(receive), send)
        else:
            await page(scope, receive, send)

    return application


async def _carry_out(call: Call, target: str, body: bytes, send: Send) -> None:
    try:
        answer = await asyncio.to_thread(call, target, _request(body))
    except Refused as error:
        await _tell(send, error.status, {"__type": error.code, "message": error.message})
    else:
        await _tell(send, 200, answer)


def _request(body: bytes) -> Mapping[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise Refused(400, "SerializationException", "The request is no JSON object.")
    return request


async def _tell(send: Send, status: int, answer: Mapping[str, Any]) -> None:
    headers = HEADERS | {"content-type": "application/json"}
    await respond(send, status, headers, json.dumps(answer, default=as_json).encode())


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())
