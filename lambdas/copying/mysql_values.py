"""MySQL's values that are no text, or none that others read: BIT columns, and dates of zeros."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymysql.constants import FIELD_TYPE

from copying.targets import Target, Use
from data_formats.data_format import RecordError, Row
from runner.outcome import TaskFailed
from sql.data_properties import ZeroDates

_ZERO = "0000-00-00"
_DATES = {FIELD_TYPE.DATE, FIELD_TYPE.NEWDATE, FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP}
_LARGEST_FLOAT = 3.4028234663852886e38
_ESCAPED = "\0\n\r\x1a\"'\\"
"""What the driver writes with a backslash before it (MySQL documentation, "String Literals")."""
_NOT_FIXED = 31
"""The decimals of a FLOAT that has no number of them (MySQL documentation, "Column Definition")."""
_BOOLEANS = {"true": 1, "t": 1, "false": 0, "f": 0}
_MOST = 2**64


@dataclass(frozen=True)
class Column:
    """Of a table, or a parameter of a procedure."""

    name: str
    type: str
    listed: bool = True
    """Whether it counts where no columns are named."""


def bits(targets: Sequence[Target], columns: Sequence[Column]) -> Mapping[int, str]:
    """The BIT columns that values go to as they are, by the values' positions.

    Raises TaskFailed where a BIT column may get what a statement makes of a text: its bytes, '1' as 49.
    """
    known = {one.name.lower(): one.name for one in columns if one.type.lower().startswith("bit")}
    listed = [one.name for one in columns if one.listed]
    found = {}
    for position, target in enumerate(targets):
        if target.use is Use.AS_NUMBER:
            continue
        named = [
            listed[one] if isinstance(one, int) else one for one in target.columns if _is_in(one, listed)
        ]
        able = [known[name.lower()] for name in named if name.lower() in known]
        if not target.columns:
            able = list(known.values())
        if able and target.use is Use.AS_IT_IS:
            found[position] = able[0]
        elif able:
            raise _unclear(position, able)
    return found


def _is_in(column: str | int, listed: Sequence[str]) -> bool:
    return isinstance(column, str) or column < len(listed)


def _unclear(position: int, columns: Sequence[str]) -> TaskFailed:
    quoted = " or ".join(f"'{column}'" for column in columns)
    return TaskFailed(
        f"What insertQuery does with the ? number {position + 1} may go to {quoted}, which is BIT and would "
        "store the bytes of a text: '1' as 49. Write CAST(? AS UNSIGNED) for it; a ? that stands alone in "
        "VALUES needs none.",
        error_id="BitColumn",
    )


Reader = Callable[[Any], str | None]


def readers(types: Sequence[int], zero_dates: ZeroDates) -> Mapping[int, Reader]:
    """How the values of columns of these types (``pymysql.constants.FIELD_TYPE``) become text, by position.

    Columns that are text already have no entry. The readers raise ValueError for a date that the connection's
    ``zeroDateTimeBehavior`` refuses.
    """
    found: dict[int, Reader] = {}
    for position, kind in enumerate(types):
        if kind == FIELD_TYPE.BIT:
            found[position] = _number
        elif kind in _DATES and zero_dates is not ZeroDates.KEPT:
            found[position] = _DATE_READERS[zero_dates]
    return found


def floats(description: Sequence[Sequence[Any]]) -> Mapping[int, str]:
    """The columns of which the server's text has 6 digits only, by position: FLOAT takes up to 9.

    ``description``: that of a DB-API cursor. A FLOAT(M, D) is sent with all its decimals.
    """
    return {
        position: str(column[0])
        for position, column in enumerate(description)
        if column[1] == FIELD_TYPE.FLOAT and column[5] >= _NOT_FIXED
    }


def shortest_float(value: str) -> str:
    """The shortest text of a FLOAT, of which ``value`` has the digits of a DOUBLE."""
    number = float(value)
    stored = struct.pack("f", number)
    for digits in range(6, 10):
        text = f"{number:.{digits}g}"
        # Rounded up, the largest one would be out of the server's range.
        if abs(float(text)) <= _LARGEST_FLOAT and struct.pack("f", float(text)) == stored:
            return text
    return value


def escaped_bytes(row: Row) -> int:
    """How many bytes a row's values take in a statement, at most: in UTF-8, in quotes, escaped."""
    return sum(
        [
            2 + len(value.encode()) + sum(map(value.count, _ESCAPED)) if value is not None else 4
            for value in row
        ]
    )


def with_bits(
    rows: Iterable[Row], bits: Mapping[int, str], first: int
) -> Iterator[tuple[str | int | None, ...]]:
    """The rows with numbers in BIT columns, whose names ``bits`` has by position; ``first`` counts from 1.

    A text would be stored there as its bytes: '1' as 49. Raises RecordError for one that is no number.
    """
    for number, row in enumerate(rows, first):
        yield tuple(
            _bits(value, bits[position], number) if position in bits else value
            for position, value in enumerate(row)
        )


def _bits(value: str | None, column: str, number: int) -> int | None:
    if value is None:
        return None
    text = value.strip().lower()
    found = _BOOLEANS.get(text, int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else _MOST)
    if len(text) > 1 and text[0] == "0":
        # PostgreSQL's text of a bit string: as a number, '00000101' would be a hundred and one.
        problem = (
            f"the column '{column}' is BIT, and takes numbers without zeros before them, not bit strings"
        )
        raise RecordError(number, problem)
    if found >= _MOST:
        problem = f"the column '{column}' is BIT, and takes numbers, true and false"
        raise RecordError(number, problem)
    return found


def _number(value: bytes) -> str:
    """As MySQL Connector/J's getString has a BIT."""
    return str(int.from_bytes(value))


def _null(value: str) -> str | None:
    return None if value.startswith(_ZERO) else value


def _rounded(value: str) -> str:
    return f"0001-01-01{value[len(_ZERO) :]}" if value.startswith(_ZERO) else value


def _refused(value: str) -> str:
    if value.startswith(_ZERO):
        raise ValueError(f"{value} is no date, and zeroDateTimeBehavior is 'exception'")
    return value


_DATE_READERS: Mapping[ZeroDates, Reader] = {
    ZeroDates.NULL: _null,
    ZeroDates.ROUNDED: _rounded,
    ZeroDates.REFUSED: _refused,
}
