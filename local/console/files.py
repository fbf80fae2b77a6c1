"""Serves the console's files on HTTP. The page itself reads everything else from local AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

PATH = "/_local/console/"
INDEX = "index.html"

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
    """Whether a path belongs to the console, with or without the trailing slash."""
    return path == PATH.rstrip("/") or path.startswith(PATH)


def answer(method: str, path: str) -> Answer:
    """The answer to a request for a file. Only listed names are served: no path is looked up."""
    if method not in ("GET", "HEAD"):
        return Answer(405, {"allow": "GET, HEAD"})
    if path == PATH.rstrip("/"):
        return Answer(308, {"location": PATH})
    name = path.removeprefix(PATH) or INDEX
    if name not in _files():
        return Answer(404, {"content-type": "text/plain; charset=utf-8"}, b"There is no such file.\n")
    body = _files()[name]
    headers = {"content-type": CONTENT_TYPES[Path(name).suffix]}
    return Answer(200, headers, b"" if method == "HEAD" else body)


@cache
def _files() -> Mapping[str, bytes]:
    directory = Path(__file__).parent / "page"
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.suffix in CONTENT_TYPES}


async def console(scope: Any, _receive: Any, send: Any) -> None:
    """The ASGI application of the console."""
    given = answer(scope["method"], scope["path"])
    headers = {**HEADERS, "content-length": str(len(given.body)), **given.headers}
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": given.status, "headers": pairs})
    await send({"type": "http.response.body", "body": given.body})
