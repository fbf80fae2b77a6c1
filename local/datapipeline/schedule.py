"""When a component's instances are due (Developer Guide, Schedule and Scheduling Pipelines)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Literal

from local.datapipeline.periods import Period

ScheduleType = Literal["cron", "timeseries", "ondemand"]
# Developer Guide, AWS Data Pipeline Limits and Schedule.
MINIMUM_PERIOD = timedelta(minutes=15)
MAXIMUM_PERIOD = timedelta(days=3 * 366)


@dataclass(frozen=True, order=True)
class Interval:
    """`@scheduledStartTime` and `@scheduledEndTime` of an instance."""

    start: datetime
    end: datetime

    def overlaps(self, other: Interval) -> bool:
        if self.start == other.start:
            return True
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Recurrence:
    """A schedule whose first interval starts at `start`. Intervals lie end to end."""

    start: datetime
    period: Period
    occurrences: int | None = None
    end: datetime | None = None

    def interval(self, index: int) -> Interval | None:
        """The interval with this number, counted from 0; None if the schedule has ended by then."""
        if self.occurrences is not None and index >= self.occurrences:
            return None
        try:
            interval = Interval(
                self.period.after(self.start, index), self.period.after(self.start, index + 1)
            )
        except (OverflowError, ValueError):
            return None
        return None if self.end is not None and interval.start >= self.end else interval

    def first_from(self, moment: datetime) -> int:
        """The number of the first interval that starts at or after `moment`."""
        longest = max(self.period.shortest, timedelta(seconds=1)) * 2
        guess = max(0, (moment - self.start) // longest)
        return next(i for i in count(guess) if (at := self.interval(i)) is None or at.start >= moment)

    def overlapping(self, wanted: Interval) -> list[Interval]:
        """The intervals that overlap `wanted`. If it has no length, the one that starts with it."""
        found: list[Interval] = []
        for index in count(max(0, self.first_from(wanted.start) - 1)):
            interval = self.interval(index)
            if interval is None or (interval.start > wanted.start and interval.start >= wanted.end):
                return found
            if interval.overlaps(wanted):
                found.append(interval)
        return found


def due(interval: Interval, schedule_type: ScheduleType) -> datetime:
    """Cron style runs at the start of an interval, time series style at its end."""
    return interval.end if schedule_type == "timeseries" else interval.start
