"""Bulk text, the rows that PostgreSQL's COPY and MySQL's LOAD DATA read, and files as bulk text and back.

Whole blocks of records are converted by a few calls that run in C. ``delimited`` does the same record by
record. It does the rest: what cannot be converted here, and what is wrong, for which it has the message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from data_formats.data_format import DataFormat
from data_formats.delimited import Delimited

_BACKSLASH, _SEPARATOR, _LINE, _RETURN, _NULL = (bytes([code]) for code in range(0xFB, 0x100))
"""Marks for what is escaped, and for NULL. UTF-8 does not have these bytes (RFC 3629)."""
_NULL_TEXT = r"\N"
_CONTROLS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
"""The letters that COPY TO writes after a backslash (PostgreSQL documentation, COPY, "Text Format")."""


@dataclass(frozen=True)
class BulkText:
    """Values with ``separator`` between them, a line feed after each row, ``\\N`` for NULL, and escapes.

    PostgreSQL documentation, COPY, "Text Format"; MySQL reference manual, LOAD DATA, "Field and Line
    Handling".
    """

    separator: bytes = b"\t"

    def rows_text(self, text: bytes) -> str:
        """The rows in the form that ``rows_format`` reads."""
        written = BulkFile(self.rows_format, self).written(text)
        assert written is not None  # noqa: S101 - it has an escape character
        return written.decode()

    @property
    def rows_format(self) -> Delimited:
        """The same as a format, with characters and not letters after the backslash."""
        return Delimited(self.separator.decode(), null=_NULL_TEXT, nulls=frozenset({_NULL_TEXT}))


@dataclass(frozen=True)
class BulkFile:
    """A file's format that differs little from bulk text, so that blocks of records can be converted."""

    format: Delimited
    text: BulkText

    @classmethod
    def of(cls, data_format: DataFormat) -> BulkFile | None:
        """None if the format is another one. Separators are those that both servers accept."""
        if not isinstance(data_format, Delimited):
            return None
        separator = data_format.separator
        if (
            data_format.record_separator != "\n"
            or data_format.escape not in {"", "\\"}
            or not separator.isascii()
            or separator.isalnum()
            or separator in "\\.\r\0"
            or not all(map(_is_simple, data_format.nulls))
        ):
            return None
        return cls(data_format, BulkText(separator.encode()))

    def end(self, data: bytes, start: int) -> int:
        """Where the last record that ends at or after ``start`` ends; 0 if none does."""
        last = data.rfind(b"\n", start)
        while last >= 0 and self.is_open(data, last):
            last = data.rfind(b"\n", start, last)
        return last + 1

    def is_open(self, data: bytes, end: int) -> bool:
        """Whether the character at ``end`` is escaped."""
        if not self.format.escape:
            return False
        start = end
        while start and data[start - 1] == ord("\\"):
            start -= 1
        return (end - start) % 2 == 1

    def records(self, data: bytes) -> int:
        """The number of records, all of which end with a line feed."""
        ends = data.count(b"\n")
        if self.format.escape and b"\\" in data:
            ends -= data.replace(rb"\\", b"").count(b"\\\n")
        return ends

    def loaded(self, data: bytes, columns: int) -> bytes | None:
        """Records of a file as bulk text. ``data`` is UTF-8, and each record ends with a line feed.

        None if a record does not have this number of columns, or is wrong in another way.
        """
        separator = self.text.separator
        if self.format.escape:
            if b"\\" in data:
                data = data.replace(rb"\\", _BACKSLASH).replace(b"\\" + separator, _SEPARATOR)
                data = data.replace(b"\\\n", _LINE).replace(b"\\\r", _RETURN)
            if b"\r" in data and b"\r\n" in data:
                return None
        for null in self.format.nulls:
            data = self._marked(data, null.encode(), _NULL) if null else self._empty_marked(data)
        data = data.replace(b"\\", b"" if self.format.escape else rb"\\")
        if not self._has_columns(data, columns):
            return None
        if self.format.described.not_text:
            data = self._empty_as_null(data, columns)
        data = data.replace(b"\r", rb"\r").replace(_RETURN, rb"\r").replace(_LINE, rb"\n")
        data = data.replace(_SEPARATOR, b"\\" + separator).replace(_BACKSLASH, rb"\\")
        return data.replace(_NULL, _NULL_TEXT.encode())

    def written(self, text: bytes) -> bytes | None:
        """Rows in bulk text as records of a file. ``text`` is UTF-8.

        None if the format cannot express a value.
        """
        escape, null = self.format.escape.encode(), self.format.null.encode()
        separator = self.text.separator
        escaped = b"\\" in text
        if escaped:
            text = text.replace(rb"\\", _BACKSLASH).replace(rb"\N", _NULL)
        if null and not null.startswith(escape or b"\n"):
            # Ordinary values, equal to the text for NULL.
            marked = self._marked(text, null.replace(b"\\", _BACKSLASH), _LINE)
            if not escape and _LINE in marked:
                return None
            text = marked
        if escaped and b"\\" in text:
            for letter, control in _CONTROLS.items():
                special = control == separator or control == b"\n" or (control == b"\r" and escape)
                text = text.replace(b"\\" + letter, b"\\" + control if special else control)
            if not escape and b"\\" in text:
                return None
        text = text.replace(_LINE, escape + null).replace(_NULL, null)
        return text.replace(_BACKSLASH, escape + b"\\")

    def _marked(self, data: bytes, value: bytes, mark: bytes) -> bytes:
        """The data, with ``mark`` for each value that is ``value``."""
        if value[:1] not in data or value not in data:  # The first is much faster.
            return data
        separator = self.text.separator
        data = data.replace(separator + value, separator + mark)
        data = (b"\n" + data).replace(b"\n" + value, b"\n" + mark)[1:]
        # Those that only begin with it.
        longer = re.compile(mark + b"(?=[^\n" + re.escape(separator) + b"])")
        return longer.sub(lambda _: value, data)

    def _empty_marked(self, data: bytes) -> bytes:
        """The data, with the mark for NULL for each empty value."""
        separator = self.text.separator
        data = b"\n" + data
        for between in (separator * 2, b"\n\n", b"\n" + separator, separator + b"\n"):
            # Of two empty values, which share a separator, the second is found by the second call.
            for _ in range(2):
                data = data.replace(between, between[:1] + _NULL + between[1:])
        return data[1:]

    def _has_columns(self, data: bytes, columns: int) -> bool:
        ends = data.translate(None, _all_but(self.text.separator))
        return ends == (self.text.separator * (columns - 1) + b"\n") * (len(ends) // columns)

    def _empty_as_null(self, data: bytes, columns: int) -> bytes:
        separator = self.text.separator
        values = data[:-1].replace(b"\n", separator).split(separator)
        found = False
        for place in self.format.described.not_text:
            column = values[place::columns]
            if b"" in column:
                values[place::columns] = [value or _NULL for value in column]
                found = True
        if not found:
            return data
        values[columns - 1 :: columns] = [value + b"\n" for value in values[columns - 1 :: columns]]
        return separator.join(values).replace(b"\n" + separator, b"\n")


def _all_but(separator: bytes) -> bytes:
    return bytes(code for code in range(256) if code not in b"\n" + separator)


def _is_simple(null: str) -> bool:
    return null in {"", r"\n", r"\N"} or (null.isprintable() and "\\" not in null)
