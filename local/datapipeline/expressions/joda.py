"""Joda Time's format patterns (joda-time API, DateTimeFormat): `YYYY-MM-dd'T'HH:mm:ss`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from local.datapipeline.expressions.syntax import ExpressionError

_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")


def _year(year: int, width: int) -> str:
    return f"{year % 100:02d}" if width == 2 else f"{year:0{width}d}"


def _name(moment: datetime, width: int, short: str, full: str) -> str:
    return moment.strftime(full if width >= 4 else short)


_FORMATS: dict[str, Callable[[datetime, int], str]] = {
    "G": lambda _, __: "AD",
    "C": lambda t, n: f"{t.year // 100:0{n}d}",
    "Y": lambda t, n: _year(t.year, n),
    "y": lambda t, n: _year(t.year, n),
    "x": lambda t, n: _year(t.isocalendar().year, n),
    "w": lambda t, n: f"{t.isocalendar().week:0{n}d}",
    "e": lambda t, n: f"{t.isoweekday():0{n}d}",
    "E": lambda t, n: _name(t, n, "%a", "%A"),
    "D": lambda t, n: f"{t.timetuple().tm_yday:0{n}d}",
    "M": lambda t, n: _name(t, n, "%b", "%B") if n >= 3 else f"{t.month:0{n}d}",
    "d": lambda t, n: f"{t.day:0{n}d}",
    "a": lambda t, _: t.strftime("%p"),
    "K": lambda t, n: f"{t.hour % 12:0{n}d}",
    "h": lambda t, n: f"{t.hour % 12 or 12:0{n}d}",
    "H": lambda t, n: f"{t.hour:0{n}d}",
    "k": lambda t, n: f"{t.hour or 24:0{n}d}",
    "m": lambda t, n: f"{t.minute:0{n}d}",
    "s": lambda t, n: f"{t.second:0{n}d}",
    "S": lambda t, n: f"{t.microsecond:06d}".ljust(n, "0")[:n],
    "z": lambda t, _: t.strftime("%Z"),
    "Z": lambda t, n: (
        t.strftime("%z") if n == 1 else f"{t:%z}"[:3] + ":" + f"{t:%z}"[3:] if n == 2 else str(t.tzinfo)
    ),
}


def format_joda(moment: datetime, pattern: str) -> str:
    """`moment` in the given pattern. Raises ExpressionError for a letter that Joda does not know."""

    def token(match: re.Match[str]) -> str:
        text = match[0]
        if match[1] is not None:
            return match[1].replace("''", "'") or "'"
        if match[2] is None:
            return text
        if match[2] not in _FORMATS:
            raise ExpressionError(f"'{match[2]}' is not a field of the date format '{pattern}'")
        return _FORMATS[match[2]](moment, len(text))

    if _TOKEN.sub("", pattern):
        raise ExpressionError(f'the date format "{pattern}" has an unpaired quote')
    return _TOKEN.sub(token, pattern)
