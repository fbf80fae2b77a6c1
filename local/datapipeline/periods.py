"""Period fields: `15 minutes`, `1 Day`, `3 months` (Developer Guide, Simple Data Types and Schedule)."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_PERIOD = re.compile(r"\s*(\d+)\s*(second|minute|hour|day|week|month|year)s?\s*", re.IGNORECASE)
_FIXED = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True)
class Period:
    """A number of calendar units. Months and years vary in length, so a period is added to a moment."""

    count: int
    unit: str

    def after(self, moment: datetime, times: int = 1) -> datetime:
        """`moment` plus `times` periods. Raises OverflowError or ValueError beyond year 9999."""
        if self.unit in _FIXED:
            return moment + _FIXED[self.unit] * (self.count * times)
        return add_months(moment, _MONTHS[self.unit] * self.count * times)

    @property
    def shortest(self) -> timedelta:
        """The shortest time that one period can take."""
        if self.unit in _FIXED:
            return _FIXED[self.unit] * self.count
        return timedelta(days=28) * _MONTHS[self.unit] * self.count

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


def parse_period(text: str) -> Period | None:
    """The period that `text` spells, or None if it spells none."""
    match = _PERIOD.fullmatch(text)
    return Period(int(match[1]), match[2].lower()) if match else None


def add_months(moment: datetime, months: int) -> datetime:
    """Calendar addition as in Joda Time: in a shorter month, the day becomes the month's last."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
