"""DATEFORMAT and TIMEFORMAT: the format of dates and times in a file.

Amazon Redshift database developer guide, "DATEFORMAT and TIMEFORMAT strings".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from local.redshift_data.errors import StatementError

DATE = "YYYY-MM-DD"
TIME = "YYYY-MM-DD HH:MI:SS"

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_PARTS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<short_year>\d{2})",
    "MM": r"(?P<month>\d{1,2})",
    "MON": r"(?P<month_name>[A-Za-z]{3})",
    "DD": r"(?P<day>\d{1,2})",
    "HH24": r"(?P<hour>\d{1,2})",
    "HH12": r"(?P<hour>\d{1,2})",
    "HH": r"(?P<hour>\d{1,2})",
    "MI": r"(?P<minute>\d{1,2})",
    "SS": r"(?P<second>\d{1,2}(?:\.\d{1,6})?)",
    "AM": r"(?P<half>[AaPp][Mm])",
    "PM": r"(?P<half>[AaPp][Mm])",
}
_PART = re.compile("|".join(_PARTS), re.IGNORECASE)
_OFFSET = re.compile(r"\s*([+-]\d{1,2}(?::?\d{2})?)?")
_EPOCH = {"epochsecs": 1, "epochmillisecs": 1000}


class DateTimes:
    """Reads values in the format of ``DATEFORMAT`` or ``TIMEFORMAT``, which may be ``auto``."""

    def __init__(self, option: str, written: str) -> None:
        """Raises StatementError for a format that Amazon Redshift does not document."""
        self.written = written
        self._per_second = _EPOCH.get(written, 0) if option == "TIMEFORMAT" else 0
        if written != "auto" and not self._per_second:
            self._pattern = _pattern(option, written)

    def date(self, value: str) -> str | None:
        """A date for PostgreSQL; None if the value does not match the format. A time after it is ignored."""
        if self.written == "auto":
            return value
        found = self._read(value)
        return found[0][: len("2012-12-12")] if found else None

    def time(self, value: str, *, zoned: bool) -> str | None:
        """A date and time for PostgreSQL; None if the value does not match the format."""
        if self.written == "auto":
            return value
        if self._per_second:
            return _since_epoch(value, self._per_second)
        found = self._read(value)
        if found is None:
            return None
        moment, rest = found
        if zoned and self.written == TIME and _OFFSET.fullmatch(rest):
            return moment + rest
        return None if rest else moment

    def _read(self, value: str) -> tuple[str, str] | None:
        """The date and time at the beginning, and the rest of the value."""
        value = value.strip()
        match = self._pattern.match(value)
        moment = _moment(match.groupdict()) if match else None
        return (moment.isoformat(" "), value[match.end() :]) if match and moment else None


def _pattern(option: str, written: str) -> re.Pattern[str]:
    pattern, place = "", 0
    for part in _PART.finditer(written):
        pattern += re.escape(written[place : part.start()]) + _PARTS[part[0].upper()]
        place = part.end()
    between = _PART.sub("", written)
    if between == written or re.search(r"\w", between):
        raise StatementError(
            f"{option} '{written}': it is 'auto', in lower case, or made of {', '.join(_PARTS)} and of "
            "characters that are no letters or digits"
        )
    try:
        return re.compile(pattern + re.escape(written[place:]))
    except re.error:
        raise StatementError(f"{option} '{written}': a part is there twice") from None


def _moment(parts: dict[str, str | None]) -> datetime | None:
    """The date; None if there is no such date, for example the 30th of February."""
    year = int(parts.get("year") or 0)
    if short := parts.get("short_year"):
        year = int(short) + (2000 if int(short) < 70 else 1900)
    month = int(parts.get("month") or 0)
    if name := parts.get("month_name"):
        month = _MONTHS.index(name.upper()) + 1 if name.upper() in _MONTHS else 0
    hour = int(parts.get("hour") or 0)
    if half := parts.get("half"):
        hour = hour % 12 + (12 if half.upper() == "PM" else 0)
    second, _, fraction = (parts.get("second") or "0").partition(".")
    try:
        return datetime(
            year,
            month,
            int(parts.get("day") or 0),
            hour,
            int(parts.get("minute") or 0),
            int(second),
            int(fraction.ljust(6, "0")),
        )
    except ValueError:
        return None


def _since_epoch(value: str, per_second: int) -> str | None:
    if not re.fullmatch(r"\s*-?\d+\s*", value):
        return None
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
            microseconds=int(value) * 1_000_000 // per_second
        )
    except OverflowError:
        return None
    return moment.isoformat(" ")
