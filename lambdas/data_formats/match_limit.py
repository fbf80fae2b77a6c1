"""A time limit for matching a record: some expressions take longer than the age of the universe.

``re`` runs in C and holds the interpreter, but checks for signals (CPython, Modules/_sre/sre_lib.h). The
limit uses a separate timer, which counts CPU time, because ``deadline`` uses SIGALRM.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from types import FrameType, TracebackType
from typing import Self

SECONDS = 10.0
"""CPU time."""
PORTION_RECORDS = 1000
PORTION_CHARACTERS = 256 * 1024
_TICKS = 10


class MatchTooLongError(Exception):
    """Matching a record took too long."""


class MatchLimit:
    """Raises MatchTooLongError in its block once ``record`` has stayed the same for too long.

    It works in the main thread, where Lambda runs handlers, and does nothing in any other. The timer runs
    for many records: setting it for each would take as long as matching it.
    """

    def __init__(self) -> None:
        self.record = 0
        self._seen = 0
        self._ticks = 0
        self._on = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Self:
        if self._on:
            self._previous = signal.signal(signal.SIGVTALRM, self._tick)
            signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS / _TICKS, SECONDS / _TICKS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._on:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, self._previous)

    def _tick(self, _signum: int, _frame: FrameType | None) -> None:
        self._ticks = self._ticks + 1 if self.record == self._seen else 1
        self._seen = self.record
        if self._ticks > _TICKS:
            raise MatchTooLongError


def portions(lines: Iterable[str]) -> Iterator[list[tuple[int, str]]]:
    """The lines with their numbers, counted from 1, in groups that need little memory."""
    portion: list[tuple[int, str]] = []
    size = 0
    for numbered in enumerate(lines, 1):
        portion.append(numbered)
        size += len(numbered[1])
        if len(portion) >= PORTION_RECORDS or size >= PORTION_CHARACTERS:
            yield portion
            portion = []
            size = 0
    if portion:
        yield portion
