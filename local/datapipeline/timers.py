"""Actions that happen by themselves, in the order of time."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(order=True)
class Timer:
    """An action due at a moment. Two at the same moment run in the order in which they were set."""

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
        """Run `action` at `when`. It is given the moment it was due, even if the clock has moved on."""
        self._count += 1
        timer = Timer(when, self._count, action)
        heapq.heappush(self._heap, timer)
        return timer

    def next(self) -> datetime | None:
        """When the next action is due; None if there is none."""
        while self._heap and self._heap[0].action is None:
            heapq.heappop(self._heap)
        return self._heap[0].when if self._heap else None

    def run_until(self, now: datetime) -> None:
        while (when := self.next()) is not None and when <= now:
            action = heapq.heappop(self._heap).action
            if action is not None:
                action(when)
