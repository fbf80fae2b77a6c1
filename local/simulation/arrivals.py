"""When tasks become ready: four patterns of the same number of tasks a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
BURST_TASKS = 50


@dataclass(frozen=True)
class Batch:
    """A number of tasks that become ready at once."""

    at: datetime
    tasks: int


def nightly(start: datetime, days: float, per_day: int, random: Random) -> Iterator[Batch]:
    """All of a day's tasks at once, between 02:00 and 03:00."""
    yield from _every(DAY, start + 2 * HOUR, start + days * DAY, per_day, random)


def hourly(start: datetime, days: float, per_day: int, random: Random) -> Iterator[Batch]:
    """A day's tasks in 24 batches, one in each hour."""
    yield from _every(HOUR, start, start + days * DAY, per_day / 24, random)


def bursts(start: datetime, days: float, per_day: int, random: Random) -> Iterator[Batch]:
    """Batches of up to 50 tasks at random moments (a Poisson process)."""
    size = max(1, min(BURST_TASKS, per_day))
    yield from _poisson(start, start + days * DAY, per_day / size, size, random)


def steady(start: datetime, days: float, per_day: int, random: Random) -> Iterator[Batch]:
    """One task at a time at random moments (a Poisson process)."""
    yield from _poisson(start, start + days * DAY, per_day, 1, random)


Pattern = Callable[[datetime, float, int, Random], Iterator[Batch]]
PATTERNS: dict[str, Pattern] = {"steady": steady, "hourly": hourly, "nightly": nightly, "bursts": bursts}


def _every(gap: timedelta, first: datetime, end: datetime, tasks: float, random: Random) -> Iterator[Batch]:
    """Batches of ``tasks`` on average, in whole numbers, each at a random moment of an hour: a pipeline's
    schedule and the poller's are independent, so every moment between two ticks is equally likely."""
    owed, at = 0.0, first
    while at < end:
        owed += tasks
        if owed >= 1:
            yield Batch(at + random.random() * HOUR, int(owed))
            owed -= int(owed)
        at += gap


def _poisson(start: datetime, end: datetime, per_day: float, tasks: int, random: Random) -> Iterator[Batch]:
    if per_day <= 0:
        return
    at = start + random.expovariate(per_day) * DAY
    while at < end:
        yield Batch(at, tasks)
        at += random.expovariate(per_day) * DAY
