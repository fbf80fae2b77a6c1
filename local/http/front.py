"""The one application on the port: the console, Data Pipeline, and ministack for everything else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from local.console.files import is_console
from local.http.guard import refusal
from local.http.messages import respond, target_of
from local.ministack_hooks import Asgi

TARGET_PREFIX = "DataPipeline."
CONTROL_PATH = "/_local/datapipeline/"


def is_data_pipeline(scope: dict[str, Any]) -> bool:
    """Whether a request is for Data Pipeline (by X-Amz-Target) or the control endpoint (by path)."""
    if scope["type"] != "http":
        return False
    return _is_for(TARGET_PREFIX, scope) or scope["path"].startswith(CONTROL_PATH)


def front(*, console: Asgi, data_pipeline: Asgi, others: Asgi) -> Asgi:
    """Combine all into one ASGI application.

    The lifespan events start `others` but do not shut it down: ministack's shutdown would first load
    services that were never used, which takes longer than they matter.
    """

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


def with_service(target_prefix: str, service: Asgi, others: Asgi, *, control_path: str | None = None) -> Asgi:
    """``others`` plus one more service, which gets the requests with its X-Amz-Target.

    It also gets those whose path begins with ``control_path``.
    """

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        own = _is_for(target_prefix, scope) or _is_control(control_path, scope)
        await (service if own else others)(scope, receive, send)

    return application


def with_rest_service(is_for: Callable[[dict[str, Any]], bool], service: Asgi, others: Asgi) -> Asgi:
    """``others`` plus one more service, which gets the requests that ``is_for`` recognizes."""

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await (service if is_for(scope) else others)(scope, receive, send)

    return application


def with_paths(knows: Callable[[str], bool], service: Asgi, others: Asgi) -> Asgi:
    """``others`` plus a service that gets the requests without a target whose path it ``knows``."""

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        own = scope["type"] == "http" and target_of(scope) is None and knows(scope["path"])
        await (service if own else others)(scope, receive, send)

    return application


def _is_control(path: str | None, scope: dict[str, Any]) -> bool:
    return path is not None and scope["type"] == "http" and scope["path"].startswith(path)


def _is_for(target_prefix: str, scope: dict[str, Any]) -> bool:
    return (target_of(scope) or "").startswith(target_prefix)


async def _refuse(scope: dict[str, Any], reason: str, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    await respond(send, 403, {"content-type": "text/plain; charset=utf-8"}, f"{reason}\n".encode())


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
