"""The one application on the port: the console, Data Pipeline's requests, and all others for ministack."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from local.console.files import console, is_console
from local.http.guard import refusal
from local.ministack_hooks import Asgi

TARGET_PREFIX = b"DataPipeline."
CONTROL_PATH = "/_local/datapipeline/"


def is_data_pipeline(scope: dict[str, Any]) -> bool:
    """Whether a request is Data Pipeline's by its X-Amz-Target, or the control endpoint's by its path."""
    if scope["type"] != "http":
        return False
    targets = [value for name, value in scope["headers"] if name.lower() == b"x-amz-target"]
    by_target = any(target.startswith(TARGET_PREFIX) for target in targets)
    return by_target or scope["path"].startswith(CONTROL_PATH)


def front(*, data_pipeline: Asgi, others: Asgi) -> Asgi:
    """One ASGI application out of all. `others` is started by the lifespan events but not shut down by
    them: ministack's shutdown loads services that were never used, which takes longer than they matter."""

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(others, scope, receive, send)
            return
        is_page = scope["type"] == "http" and is_console(scope["path"])
        reason = refusal(scope["headers"], is_page=is_page)
        if reason is not None:
            await _refuse(scope, reason, send)
        elif is_page:
            await console(scope, receive, send)
        elif is_data_pipeline(scope):
            await data_pipeline(scope, receive, send)
        else:
            await others(scope, receive, send)

    return application


def with_service(target_prefix: bytes, service: Asgi, others: Asgi) -> Asgi:
    """``others`` with one more service, whose requests are known by their X-Amz-Target."""

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        targets = [value for name, value in scope.get("headers", ()) if name.lower() == b"x-amz-target"]
        ours = any(target.startswith(target_prefix) for target in targets)
        await (service if ours else others)(scope, receive, send)

    return application


async def _refuse(scope: dict[str, Any], reason: str, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": f"{reason}\n".encode()})


async def _lifespan(application: Asgi, scope: dict[str, Any], receive: Any, send: Any) -> None:
    startup = await receive()
    events = asyncio.Queue[Any]()
    events.put_nowait(startup)
    running = asyncio.ensure_future(application(scope, events.get, send))
    await receive()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await send({"type": "lifespan.shutdown.complete"})
