"""What ListExecutions says of a worker group's RunTask executions."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from poller.loop import Activity


class Listing:
    """The executions as of ``lag`` seconds ago: ListExecutions is eventually consistent (API Reference)."""

    def __init__(self, lag: float) -> None:
        self._lag = timedelta(seconds=lag)
        self._news: deque[tuple[datetime, int]] = deque()
        self._running = 0
        self._ended_at: datetime | None = None

    def started(self, now: datetime) -> None:
        """An execution starts."""
        self._news.append((now, 1))

    def ended(self, now: datetime) -> None:
        """An execution ends."""
        self._news.append((now, -1))

    def running(self, now: datetime) -> int:
        """How many executions are listed as running."""
        while self._news and self._news[0][0] <= now - self._lag:
            when, more = self._news.popleft()
            self._running += more
            if more < 0:
                self._ended_at = when
        return self._running

    def activity(self, now: datetime) -> Activity:
        """What the poller makes of the list."""
        running = self.running(now) > 0
        ended = None if self._ended_at is None else (now - self._ended_at).total_seconds()
        return Activity(running=running, seconds_since_end=ended)
