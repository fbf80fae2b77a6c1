"""How far a long command is, on standard error: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

T = TypeVar("T")
_EVERY = 10


def tracked(items: Iterable[T], what: str) -> Iterator[T]:
    """The items, as each is asked for."""
    total = len(items) if isinstance(items, Sized) else None
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track

        yield from track(items, what, total=total, console=Console(stderr=True), transient=True)
        return
    for number, item in enumerate(items):
        if number and number % _EVERY == 0:
            print(f"{what}: {number}{f' of {total}' if total else ''}", file=sys.stderr, flush=True)
        yield item
