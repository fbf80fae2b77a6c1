"""What happens by itself, in the order of time."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(order=True)
class Timer:
    """An action due at a moment. Two of the same moment run in the order in which they were set."""

    when: datetime
    sequence: int
    action: Callable[[datetime], None] | None = field(compare=False)

    def cancel(self) -> None:
        self.action = None


class Timers:
    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._count = 0

    def at(self, when: datetime, action: Callable[[datetime], None]) -> Timer:
        """Runs `action` with its own due time, even if the clock is then further on."""
        self._count += 1
        timer = Timer(when, self._count, action)
        heapq.heappush(self._heap, timer)
        return timer

    def next(self) -> datetime | None:
        """The moment of the next action; None if nothing will happen by itself."""
        while self._heap and self._heap[0].action is None:
            heapq.heappop(self._heap)
        return self._heap[0].when if self._heap else None

    def run_until(self, now: datetime) -> None:
        while (when := self.next()) is not None and when <= now:
            action = heapq.heappop(self._heap).action
            if action is not None:
                action(when)
