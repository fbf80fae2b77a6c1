"""The type of ministack's request handlers, one for each service."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

Handler = Callable[
    [str, str, dict[str, str], bytes, dict[str, list[str]]],
    Coroutine[Any, Any, tuple[int, dict[str, str], bytes]],
]
"""(method, path, headers, body, query parameters) -> (status, headers, body)."""
