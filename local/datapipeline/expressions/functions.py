"""The functions of the developer guide (Date and Time Functions), and those that
only its examples or older editions show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local.datapipeline.expressions.joda import format_joda
from local.datapipeline.expressions.syntax import ExpressionError
from local.datapipeline.expressions.values import Scalar, need_datetime, need_integer, text_of
from local.datapipeline.periods import Period, parse_period


@dataclass(frozen=True)
class Function:
    """A function with a fixed number of arguments: their names, and what it returns."""

    arguments: tuple[str, ...]
    apply: Callable[[Sequence[Scalar], str], Scalar]


def call(name: str, arguments: Sequence[Scalar]) -> Scalar:
    """Raises ExpressionError for an unknown function, or for arguments that it does not take."""
    function = FUNCTIONS.get(name)
    if function is None:
        raise ExpressionError(f"there is no function '{name}'")
    if len(arguments) != len(function.arguments):
        expected = ", ".join(function.arguments)
        raise ExpressionError(f"{name}({expected}) was given {len(arguments)} arguments")
    try:
        return function.apply(arguments, f"{name}()")
    except (ValueError, OverflowError) as error:
        raise ExpressionError(f"{name}(): {error}") from None


def _of_moment(result: Callable[[datetime], Scalar]) -> Function:
    return Function(("DateTime",), lambda args, name: result(need_datetime(args[0], name)))


def _shift(unit: str, sign: int) -> Function:
    def apply(args: Sequence[Scalar], name: str) -> Scalar:
        return Period(1, unit).after(need_datetime(args[0], name), sign * need_integer(args[1], name))

    return Function(("DateTime", "int"), apply)


def _shift_period(sign: int) -> Function:
    def apply(args: Sequence[Scalar], name: str) -> Scalar:
        period = parse_period(text_of(args[1]))
        if period is None:
            raise ExpressionError(f"{name} needs a period such as '2 hours', not '{text_of(args[1])}'")
        return period.after(need_datetime(args[0], name), sign)

    return Function(("DateTime", "Period"), apply)


def _make(*names: str) -> Function:
    def apply(args: Sequence[Scalar], name: str) -> Scalar:
        year, month, day, *time = (need_integer(arg, name) for arg in args)
        hour, minute = time or (0, 0)
        return datetime(year, month, day, hour, minute, tzinfo=UTC)

    return Function(names, apply)


def _in_time_zone(args: Sequence[Scalar], name: str) -> Scalar:
    try:
        return need_datetime(args[0], name).astimezone(ZoneInfo(text_of(args[1])))
    except ZoneInfoNotFoundError:
        raise ExpressionError(f"{name}: there is no time zone '{text_of(args[1])}'") from None


FUNCTIONS: dict[str, Function] = {
    "day": _of_moment(lambda t: t.day),
    "dayOfYear": _of_moment(lambda t: t.timetuple().tm_yday),
    "firstOfMonth": _of_moment(lambda t: t.replace(day=1)),
    "format": Function(
        ("DateTime", "String"), lambda args, name: format_joda(need_datetime(args[0], name), text_of(args[1]))
    ),
    "hour": _of_moment(lambda t: t.hour),
    "inTimeZone": Function(("DateTime", "String"), _in_time_zone),
    "makeDate": _make("year", "month", "day"),
    "makeDateTime": _make("year", "month", "day", "hour", "minute"),
    "midnight": _of_moment(lambda t: t.replace(hour=0, minute=0, second=0, microsecond=0)),
    "minute": _of_moment(lambda t: t.minute),
    "month": _of_moment(lambda t: t.month),
    "sunday": _of_moment(lambda t: t - timedelta(days=t.isoweekday() % 7)),
    "year": _of_moment(lambda t: t.year),
    "yesterday": _of_moment(lambda t: t - timedelta(days=1)),
    "plusPeriod": _shift_period(1),
    "minusPeriod": _shift_period(-1),
    **{
        f"{word}{unit.capitalize()}s": _shift(unit, sign)
        for word, sign in (("plus", 1), ("minus", -1))
        for unit in ("minute", "hour", "day", "week", "month", "year")
    },
}
