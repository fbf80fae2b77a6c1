"""Converts a value for a column: to NULL, to a text that PostgreSQL reads, or to an error.

Amazon Redshift database developer guide, "Data conversion parameters", "Character types" and "Preparing your
input data".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation

from local.redshift_data.copy_statement import CopyStatement
from local.redshift_data.datetimes import DATE, TIME, DateTimes
from local.redshift_data.records import Value

_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_DECIMAL = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_LONGEST = 65_535
"""The maximum size of a VARCHAR in bytes."""
_DIGITS = Context(prec=200)


class ValueRefusedError(Exception):
    """A value cannot be loaded into its column."""


@dataclass(frozen=True)
class Column:
    """A column of the table, from PostgreSQL's catalog."""

    name: str
    type: str
    """The type's name in PostgreSQL, such as ``int4``, ``bpchar`` or ``varchar``."""
    modifier: int
    """The type's modifier; -1 if it has none."""
    identity: str
    """``a``: always generated; ``d``: by default; empty: neither."""

    @property
    def is_text(self) -> bool:
        """Whether it is a CHAR or a VARCHAR."""
        return self.type in {"varchar", "bpchar", "text"}

    @property
    def bytes(self) -> int:
        """The maximum length of a text."""
        return self.modifier - 4 if self.modifier >= 4 else _LONGEST

    @property
    def scale(self) -> int | None:
        """The digits after the point of a DECIMAL; None if it has no limit."""
        return (self.modifier - 4) & 0x7FF if self.type == "numeric" and self.modifier >= 4 else None


class Conversion:
    """Converts values, by the options of a COPY."""

    def __init__(self, copy: CopyStatement) -> None:
        """Raises StatementError for a DATEFORMAT or TIMEFORMAT that cannot be read."""
        self._copy = copy
        self._dates = DateTimes("DATEFORMAT", copy.options.get("DATEFORMAT", DATE))
        self._times = DateTimes("TIMEFORMAT", copy.options.get("TIMEFORMAT", TIME))

    def missing(self, column: Column) -> str | None:
        """The value for a column that FILLRECORD fills."""
        return "" if column.type in {"varchar", "text"} and "EMPTYASNULL" not in self._copy else None

    def of(self, value: Value, column: Column) -> str | None:
        """The text for PostgreSQL; None is NULL. Raises ValueRefusedError."""
        if value.is_null(self._copy.null):
            return None
        text = value.text
        if "\0" in text:
            raise ValueRefusedError(r"NUL in a text: use NULL AS '\0' for values of it alone")
        if column.is_text:
            return self._character(text, column)
        if not text.strip():
            return None
        return self._other(text, column)

    def _character(self, text: str, column: Column) -> str | None:
        if text == "" and ("EMPTYASNULL" in self._copy or "BLANKSASNULL" in self._copy):
            return None
        if "BLANKSASNULL" in self._copy and not text.strip():
            return None
        if "TRIMBLANKS" in self._copy and column.type != "bpchar":
            text = text.rstrip()
        if column.type == "bpchar" and not text.isascii():
            raise ValueRefusedError("Multibyte character not supported for CHAR (Hint: try using VARCHAR)")
        encoded = text.encode()
        if len(encoded) > column.bytes:
            if "TRUNCATECOLUMNS" not in self._copy and encoded[column.bytes :].strip(b" "):
                raise ValueRefusedError(
                    f"String length exceeds DDL length: {len(encoded):,} bytes, and {column.bytes:,} fit"
                )
            text = encoded[: column.bytes].decode(errors="ignore")
        return text

    def _other(self, text: str, column: Column) -> str | None:
        if column.type in {"int2", "int4", "int8"} and not _WHOLE.fullmatch(text):
            raise ValueRefusedError(f"Invalid digit, Value '{text}', Type: {column.type}")
        if column.type == "numeric":
            return self._decimal(text, column.scale)
        if column.type == "date":
            return self._if_a_date(self._dates.date(text), "Invalid Date Format", self._dates, text)
        if column.type in {"timestamp", "timestamptz"}:
            found = self._times.time(text, zoned=column.type == "timestamptz")
            return self._if_a_date(found, "Invalid timestamp format or value", self._times, text)
        return text

    def _if_a_date(self, found: str | None, problem: str, expected: DateTimes, text: str) -> str | None:
        if found is None and "ACCEPTANYDATE" not in self._copy:
            raise ValueRefusedError(f"{problem} [{expected.written}]: '{text}'")
        return found

    def _decimal(self, text: str, scale: int | None) -> str:
        if not _DECIMAL.fullmatch(text):
            raise ValueRefusedError(f"Invalid digit, Value '{text}', Type: Decimal")
        if scale is None:
            return text
        rounding = ROUND_HALF_UP if "ROUNDEC" in self._copy else ROUND_DOWN
        try:
            return str(Decimal(text).quantize(Decimal(1).scaleb(-scale), rounding, _DIGITS))
        except InvalidOperation:
            raise ValueRefusedError(f"Numeric data overflow, Value '{text}'") from None
