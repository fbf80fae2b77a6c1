"""Serves the console's files on HTTP. The page itself reads everything else from AWS, local or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from local.http.messages import respond

PATH = "/_local/console/"
"""Where local AWS serves the console."""

INDEX = "index.html"
SETTINGS = "settings.json"

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

# Names, definitions and logs are whatever somebody wrote: even if one became markup, nothing in it would run.
HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; object-src 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def is_console(path: str) -> bool:
    """Whether a path of local AWS belongs to the console, with or without the trailing slash."""
    return path == PATH.rstrip("/") or path.startswith(PATH)


def answer(method: str, path: str, *, at: str = PATH, settings: Mapping[str, Any] | None = None) -> Answer:
    """The answer to a request for a file. Only listed names are served: no path is looked up.

    ``at`` is the path of the page, with its trailing slash. ``settings`` is what SETTINGS contains: the AWS's
    ``name``; ``isLocal``; the ``stack`` to which the page keeps, "" for all; ``timeScale``, and the
    ``serviceTime`` of Data Pipeline if that differs from this machine's.
    """
    if method not in ("GET", "HEAD"):
        return Answer(405, {"allow": "GET, HEAD"})
    if path != at and path == at.rstrip("/"):
        return Answer(308, {"location": at})
    name = path.removeprefix(at) or INDEX
    if name == SETTINGS and settings is not None:
        body, kind = json.dumps(settings).encode(), "application/json"
    elif name in _files():
        body, kind = _files()[name], CONTENT_TYPES[Path(name).suffix]
    else:
        return Answer(404, {"content-type": "text/plain; charset=utf-8"}, b"There is no such file.\n")
    return Answer(200, {"content-type": kind}, b"" if method == "HEAD" else body)


@cache
def _files() -> Mapping[str, bytes]:
    directory = Path(__file__).parent / "page"
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.suffix in CONTENT_TYPES}


def console(*, at: str, settings: Callable[[], Mapping[str, Any]]) -> Any:
    """The ASGI application of the console. ``settings`` is called for each request: it may tell a time."""

    async def application(scope: Any, _receive: Any, send: Any) -> None:
        given = answer(scope["method"], scope["path"], at=at, settings=settings())
        await respond(send, given.status, {**HEADERS, **given.headers}, given.body)

    return application
