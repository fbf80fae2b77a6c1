"""CSV, TSV and Custom: columns and records separated by a character, without quotes.

Developer guide, CSV, TSV and Custom data formats, and CopyActivity: values are not quoted, CSV's separator is
the comma, its escape character the backslash, and a record ends with a line feed. NULL is ``\\n``, a
backslash and a lower-case n. The guide says so for TSV from PostgreSQL. coursera/dataduct, which replaces it
in the output of AWS's Task Runner, shows it for MySQL as well. Databases and Hive write ``\\N``, which is
also read as NULL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from data_formats.columns import ANY_COLUMNS, Columns
from data_formats.data_format import RecordError, Row
from data_nodes.s3_data_node import NULL_FIELD
from runner.fields import FieldError, PipelineObject

MAX_RECORD_CHARACTERS = 16 * 1024 * 1024
_WRITTEN_CHARACTERS = 64 * 1024

_NAMED = {r"\t": "\t", r"\n": "\n", r"\r": "\r", r"\\": "\\"}
_CODE_POINT = re.compile(r"\\u([0-9A-Fa-f]{4})")


@dataclass(frozen=True)
class Delimited:
    """A delimited format. ``escape`` is empty if there is no escape character."""

    separator: str
    record_separator: str = "\n"
    escape: str = "\\"
    null: str = r"\n"
    """The text that is written for NULL, as it appears in the file."""
    nulls: frozenset[str] = frozenset({r"\n", r"\N"})
    """Whole values that are read as NULL, as they appear in the file."""
    described: Columns = field(default=ANY_COLUMNS, compare=False)

    @classmethod
    def csv(cls, null: str | None = None) -> Delimited:
        """CSV with default settings; ``null`` as in ``of``. Raises FieldError."""
        return cls.of(PipelineObject("CSV", "CSV", {"type": ("CSV",)}, {}), null)

    @classmethod
    def of(cls, named: PipelineObject, null: str | None = None) -> Delimited:
        """The format of a CSV, TSV or Custom object. ``null`` is the text for NULL, if the node defines one.

        Otherwise, and without an escape character, NULL is the empty value. Raises FieldError.
        """
        separator = {"CSV": ",", "TSV": "\t"}.get(named.type)
        if separator is None or (named.type == "TSV" and "columnSeparator" in named):
            separator = _character(named, "columnSeparator")
        record_separator = "\n"
        if named.type != "CSV" and "recordSeparator" in named:
            record_separator = _character(named, "recordSeparator")
        escape = "" if named.type == "Custom" else "\\"
        if "escapeChar" in named:
            escape = _character(named, "escapeChar")
        if len({separator, record_separator, escape}) < 3:
            problem = "the separators and the escape character have to differ from each other"
            raise FieldError(named.id, "columnSeparator", problem)
        known = [null] if null is not None else _nulls(escape, separator + record_separator)
        if not known:
            problem = "with these separators, NULL cannot be told from one of them: give the node a myNullAs"
            raise FieldError(named.id, "columnSeparator", problem)
        found = cls(separator, record_separator, escape, known[0], frozenset(known), Columns.of(named))
        if null and (separator in null or record_separator in null or found._is_open(null)):
            problem = f"it has a separator in it, or ends with the escape character: {null!r}"
            raise FieldError(named.id, NULL_FIELD, problem)
        return found

    @property
    def columns(self) -> tuple[str, ...]:
        """The column names."""
        return self.described.names

    @property
    def extension(self) -> str:
        """See DataFormat."""
        return {",": "csv", "\t": "tsv"}.get(self.separator, "txt")

    def read(self, text: Iterable[str]) -> Iterator[Row]:
        """See DataFormat. The file may end with a separator, but not with an escape character."""
        checked = self.described.checked
        for number, record in enumerate(self.lines(text), 1):
            yield checked(number, self._values(record))

    def write(self, rows: Iterable[Row]) -> Iterator[str]:
        """See DataFormat."""
        lines: list[str] = []
        size = 0
        for number, row in enumerate(rows, 1):
            line = self._line(number, row)
            lines.append(line)
            size += len(line)
            if size >= _WRITTEN_CHARACTERS:
                yield "".join(lines)
                lines.clear()
                size = 0
        if lines:
            yield "".join(lines)

    def lines(self, text: Iterable[str]) -> Iterator[str]:
        """The records of a file, unparsed and without separators. Raises RecordError."""
        rest = ""
        number = 0
        for piece in text:
            rest += piece
            if self.record_separator not in piece:
                check_size(number + 1, rest)
                continue
            windows = self._detects_windows_lines and "\r\n" in rest
            *records, rest = self._split(rest, self.record_separator)
            for record in records:
                number += 1
                if windows and record.endswith("\r") and not self._is_open(record[:-1]):
                    raise RecordError(
                        number,
                        "it ends with a carriage return and a line feed; a line feed alone is expected",
                    )
                yield record
            check_size(number + 1, rest)
        if rest:
            if self._is_open(rest):
                raise RecordError(number + 1, "the file ends with an escape character")
            yield rest

    def _values(self, record: str) -> list[str | None]:
        if not self.escape:
            return [None if value in self.nulls else value for value in record.split(self.separator)]
        if self.escape not in record and not self._plain_nulls:
            return record.split(self.separator)  # type: ignore[return-value]
        return [self._unescaped(value) for value in self._split(record, self.separator)]

    def _split(self, text: str, separator: str) -> list[str]:
        """Split at separators that are not escaped."""
        pieces = text.split(separator)
        if not self.escape or self.escape + separator not in text:
            return pieces
        joined: list[str] = []
        opened: list[str] = []
        for piece in pieces:
            opened.append(piece)
            if not self._is_open(piece):
                joined.append(separator.join(opened))
                opened = []
        if opened:  # The text ends with an escape character, or the rest of the piece is still to come.
            joined.append(separator.join(opened))
        return joined

    def _is_open(self, piece: str) -> bool:
        """Whether the next character is escaped."""
        if not self.escape or not piece.endswith(self.escape):
            return False
        return (len(piece) - len(piece.rstrip(self.escape))) % 2 == 1

    def _unescaped(self, value: str) -> str | None:
        return None if value in self.nulls else self._escaped_character.sub(r"\1", value)

    def _line(self, number: int, row: Row) -> str:
        if None not in row:
            line = self.separator.join(row)  # type: ignore[arg-type]
            # This is cheaper than checking each value, and sufficient for most rows.
            if (
                line.count(self.separator) == len(row) - 1
                and not self._needs_escape.search(line)
                and (not self._plain_nulls or self._plain_nulls.isdisjoint(row))
            ):
                return line + self.record_separator
        written = [self._written(number, value) for value in row]
        return self.separator.join(written) + self.record_separator

    def _written(self, number: int, value: str | None) -> str:
        if value is None:
            return self.null
        if self.escape:
            written = self._special.sub(self._escaping, value)
            return self.escape + written if written and written in self.nulls else written
        if value and value in self.nulls:
            problem = f"a value is {value!r}, which stands for NULL, and the format has no escapeChar"
            raise RecordError(number, problem)
        if self._special.search(value):
            raise RecordError(
                number, "a value has a separator in it, and the format has no escapeChar to write it with"
            )
        return value

    @cached_property
    def _plain_nulls(self) -> frozenset[str]:
        """The texts for NULL that an ordinary value may equal: those that do not start with the escape."""
        return frozenset(null for null in self.nulls if not (self.escape and null.startswith(self.escape)))

    @property
    def _detects_windows_lines(self) -> bool:
        """A carriage return in the data is escaped, so an unescaped one before a line feed is recognized."""
        return bool(self.escape) and self.record_separator == "\n"

    @property
    def _escaping(self) -> str:
        return f"{self.escape * 2 if self.escape == chr(92) else self.escape}\\g<0>"

    @cached_property
    def _escaped_character(self) -> re.Pattern[str]:
        return re.compile(f"{re.escape(self.escape)}(.)", re.DOTALL)

    @cached_property
    def _needs_escape(self) -> re.Pattern[str]:
        """Characters that need an escape, apart from the column separator."""
        return re.compile(f"[{re.escape(self._characters)}]")

    @cached_property
    def _special(self) -> re.Pattern[str]:
        return re.compile(f"[{re.escape(self.separator + self._characters)}]")

    @property
    def _characters(self) -> str:
        return self.record_separator + self.escape + ("\r" if self._detects_windows_lines else "")


def _nulls(escape: str, separators: str) -> list[str]:
    """The default texts for NULL. The first is the one that is written. None is an escaped separator."""
    return [escape + letter for letter in "nN" if letter not in separators] if escape else [""]


def check_size(number: int, record: str) -> None:
    """Raises RecordError for a record that is too long."""
    if len(record) > MAX_RECORD_CHARACTERS:
        raise RecordError(
            number,
            f"it has more than {MAX_RECORD_CHARACTERS:,} characters; is the record separator another one?",
        )


def _character(named: PipelineObject, field: str) -> str:
    """One character, or an escape for it: the service accepts no control characters. Raises FieldError."""
    text = named.string(field)
    text = _NAMED.get(text, text)
    if code_point := _CODE_POINT.fullmatch(text):
        text = chr(int(code_point[1], 16))
    if len(text) != 1 or "\ud800" <= text <= "\udfff":
        problem = rf"one character is expected, or one of \t \n \r \\ \uXXXX, but it is {text!r}"
        raise FieldError(named.id, field, problem)
    return text
