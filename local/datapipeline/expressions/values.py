"""The values that expressions work on, and how they are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from local.datapipeline.expressions.syntax import ExpressionError
from local.datapipeline.timestamps import format_timestamp, parse_timestamp


class FieldText(str):
    """The text of a field, which may be meant as a number, a date or a string."""

    __slots__ = ()


@dataclass(frozen=True)
class Reference:
    """A reference to the object with this id, in the scope that it was read from."""

    id: str


Scalar: TypeAlias = int | float | str | datetime | Reference
Value: TypeAlias = "Scalar | list[Scalar]"


def text_of(value: Scalar) -> str:
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, Reference):
        return value.id
    return str(value)


def number_of(value: Scalar) -> int | float | None:
    """The number that `value` is, or that a field's text spells; None if it is not a number."""
    if isinstance(value, int | float):
        return value
    if isinstance(value, FieldText):
        for kind in (int, float):
            try:
                return kind(value)
            except ValueError:
                continue
    return None


def need_number(value: Scalar, what: str) -> int | float:
    number = number_of(value)
    if number is None:
        raise ExpressionError(f"{what} needs a number, not '{text_of(value)}'")
    return number


def need_integer(value: Scalar, what: str) -> int:
    number = number_of(FieldText(value) if isinstance(value, str) else value)
    if number is None or int(number) != number:
        raise ExpressionError(f"{what} needs a whole number, not '{text_of(value)}'")
    return int(number)


def need_datetime(value: Scalar, what: str) -> datetime:
    moment = (
        value if isinstance(value, datetime) else parse_timestamp(value) if isinstance(value, str) else None
    )
    if moment is None:
        raise ExpressionError(f"{what} needs a DateTime such as 2012-12-12T00:00:00, not '{text_of(value)}'")
    return moment
