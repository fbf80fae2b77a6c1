"""Splits delimited text and CSV into records and values, as COPY does.

Amazon Redshift database developer guide, "Data format parameters" and "Data conversion parameters".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from local.redshift_data.copy_statement import CopyStatement


class RecordError(Exception):
    """A record cannot be loaded. ``line`` counts from 1; without a ``column``, the whole record is bad."""

    def __init__(self, line: int, reason: str, column: str = "") -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason
        self.column = column


@dataclass(frozen=True)
class Value:
    """``written`` is the value as in the file, ``text`` the value without quotes and escapes."""

    written: str
    text: str

    def is_null(self, null: str) -> bool:
        """Whether it stands for NULL. With ESCAPE, both ``\\N`` and ``\\\\N`` do."""
        return null in (self.written, self.text)


@dataclass(frozen=True)
class Record:
    """The values of a record, and the line on which it begins."""

    line: int
    values: tuple[Value, ...]


def records(text: str, copy: CopyStatement) -> Iterator[Record | RecordError]:
    """The records of a file. An unreadable record is replaced by its error."""
    found = _Splitter(copy).split(text)
    if "IGNOREBLANKLINES" in copy:
        found = (record for record in found if isinstance(record, RecordError) or not _is_blank(record))
    return islice(found, copy.header_rows, None)


def _is_blank(record: Record) -> bool:
    return len(record.values) == 1 and record.values[0].written == ""


class _Splitter:
    """Reads a file from left to right, one value at a time."""

    def __init__(self, copy: CopyStatement) -> None:
        delimiter = re.escape(copy.delimiter)
        self._delimiter = copy.delimiter
        self._escape = "ESCAPE" in copy
        self._after = rf"(?:{delimiter}|\r?\n|\Z)"
        plain = rf"(?:\\[\s\S]|[^\\\n{delimiter}])*" if self._escape else rf"[^\n{delimiter}]*"
        self._plain = re.compile(rf"({plain}?)({self._after})")
        self._quoted: dict[str, re.Pattern[str]] = {}
        self._doubled = ""
        self._problem = "A quotation mark at the beginning of a value has no closing one"
        if "CSV" in copy:
            quote = re.escape(copy.quote)
            # White space around quotes is skipped, unless it is the delimiter.
            space = rf"[^\S\n\r{delimiter}]*"
            self._doubled = copy.quote
            self._problem = "Invalid quote formatting for CSV"
            self._quoted[copy.quote] = re.compile(
                rf"{space}{quote}((?:[^{quote}]|{quote}{quote})*){quote}{space}({self._after})"
            )
        elif "REMOVEQUOTES" in copy:
            for quote in "'\"":
                inside = r"(?:\\[\s\S]|[^\\\n])*?" if self._escape else r"[^\n]*?"
                self._quoted[quote] = re.compile(rf"{quote}({inside}){quote}({self._after})")

    def split(self, text: str) -> Iterator[Record | RecordError]:
        place, line = 0, 1
        while place < len(text):
            began, values = place, []
            try:
                while True:
                    value, end, place = self._value(text, place)
                    values.append(value)
                    if end != self._delimiter:
                        break
                yield Record(line, tuple(values))
            except _UnreadableError as error:
                place = text.find("\n", place) + 1 or len(text)
                yield RecordError(line, str(error))
            line += text.count("\n", began, place)

    def _value(self, text: str, place: int) -> tuple[Value, str, int]:
        """The value, what ends it, and where the next one begins."""
        quote = self._quote_at(text, place)
        match = (self._quoted[quote] if quote else self._plain).match(text, place)
        if match is None:
            raise _UnreadableError(self._problem if quote else "The file ends with an escape character")
        written = match[1]
        if not quote and "\r" in self._unescaped(written, ""):
            raise _UnreadableError(
                "A carriage return without quotes or ESCAPE: whether it ends a record is not documented"
            )
        if self._doubled and not quote and self._doubled in written:
            raise _UnreadableError(self._problem)
        return Value(written, self._text(written, quote)), match[2], match.end()

    def _text(self, written: str, quote: str) -> str:
        if self._escape:
            return self._unescaped(written, r"\1")
        return written.replace(quote * 2, quote) if quote and self._doubled else written

    def _unescaped(self, written: str, instead: str) -> str:
        return re.sub(r"\\([\s\S])", instead, written) if self._escape else written

    def _quote_at(self, text: str, place: int) -> str:
        """The quote that opens the value; empty if it is not quoted."""
        if self._doubled:
            while text[place : place + 1].isspace() and text[place] not in f"\n\r{self._delimiter}":
                place += 1
        found = text[place : place + 1]
        return found if found in self._quoted else ""


class _UnreadableError(Exception):
    """The record cannot be split into values."""
