"""Values of MySQL that are not text, or that other databases cannot read: BIT, FLOAT, and dates of zeros."""

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
"""The characters that the driver escapes with a backslash (MySQL documentation, "String Literals")."""
_NOT_FIXED = 31
"""The decimals of a FLOAT without a fixed number of them (MySQL documentation, "Column Definition")."""
_BOOLEANS = {"true": 1, "t": 1, "false": 0, "f": 0}
_MOST = 2**64


@dataclass(frozen=True)
class Column:
    """A column of a table, or a parameter of a procedure."""

    name: str
    type: str
    listed: bool = True
    """Whether it counts if a statement names no columns."""
    is_generated: bool = False
    is_nullable: bool = True


def bit_columns(targets: Sequence[Target], columns: Sequence[Column]) -> Mapping[int, str]:
    """The BIT columns that receive values unchanged, by the values' positions.

    Raises TaskFailed if a BIT column may receive a text that the statement has computed. The column would
    store the bytes of the text: '1' as 49.
    """
    known = {column.name.lower(): column.name for column in columns if column.type.lower().startswith("bit")}
    listed = [column.name for column in columns if column.listed]
    found = {}
    for position, target in enumerate(targets):
        if target.use is Use.AS_NUMBER:
            continue
        named = [
            listed[column] if isinstance(column, int) else column
            for column in target.columns
            if _is_in(column, listed)
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
    """The functions that convert values of these types to text, by position.

    ``types`` are those in ``pymysql.constants.FIELD_TYPE``. Columns that are already text have no entry. The
    readers raise ValueError for a date that the connection's ``zeroDateTimeBehavior`` refuses.
    """
    found: dict[int, Reader] = {}
    for position, kind in enumerate(types):
        if kind == FIELD_TYPE.BIT:
            found[position] = _number
        elif kind in _DATES and zero_dates is not ZeroDates.KEPT:
            found[position] = _DATE_READERS[zero_dates]
    return found


def float_columns(description: Sequence[Sequence[Any]]) -> Mapping[int, str]:
    """The columns whose text from the server has only 6 digits, by position. A FLOAT needs up to 9.

    ``description`` is that of a DB-API cursor. The server sends a FLOAT(M, D) with all its decimals.
    """
    return {
        position: str(column[0])
        for position, column in enumerate(description)
        if column[1] == FIELD_TYPE.FLOAT and column[5] >= _NOT_FIXED
    }


def shortest_float(value: str) -> str:
    """The shortest text for a FLOAT. ``value`` is the same number with the digits of a DOUBLE."""
    number = float(value)
    stored = struct.pack("f", number)
    for digits in range(6, 10):
        text = f"{number:.{digits}g}"
        # Rounded up, the largest FLOAT would be out of the server's range.
        if abs(float(text)) <= _LARGEST_FLOAT and struct.pack("f", float(text)) == stored:
            return text
    return value


def escaped_bytes(row: Row) -> int:
    """The most bytes that a row's values take in a statement: in UTF-8, quoted and escaped."""
    return sum(
        [
            2 + len(value.encode()) + sum(map(value.count, _ESCAPED)) if value is not None else 4
            for value in row
        ]
    )


def with_bit_numbers(
    rows: Iterable[Row], bits: Mapping[int, str], first: int
) -> Iterator[tuple[str | int | None, ...]]:
    """The rows, with numbers for BIT columns. ``bits`` contains their names by position.

    The server would store the bytes of a text: '1' as 49. ``first`` is the number of the first record,
    counted from 1. Raises RecordError for a text that is not a number.
    """
    for number, row in enumerate(rows, first):
        yield tuple(
            _bit_number(value, bits[position], number) if position in bits else value
            for position, value in enumerate(row)
        )


def _bit_number(value: str | None, column: str, number: int) -> int | None:
    if value is None:
        return None
    text = value.strip().lower()
    found = _BOOLEANS.get(text, int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else _MOST)
    if len(text) > 1 and text[0] == "0":
        # This is PostgreSQL's text for a bit string. As a number, '00000101' would be a hundred and one.
        problem = (
            f"the column '{column}' is BIT, and takes numbers without zeros before them, not bit strings"
        )
        raise RecordError(number, problem)
    if found >= _MOST:
        problem = f"the column '{column}' is BIT, and takes numbers, true and false"
        raise RecordError(number, problem)
    return found


def _number(value: bytes) -> str:
    """The text that MySQL Connector/J's getString returns for a BIT."""
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
