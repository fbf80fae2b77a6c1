"""The column lists of data formats, such as ``hostname STRING``, with one value per column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data_formats.comma_list import comma_separated
from data_formats.data_format import RecordError, Row
from runner.fields import FieldError, PipelineObject

_NO_TEXT_TYPES = frozenset(
    [
        "TINYINT",
        "SMALLINT",
        "MEDIUMINT",
        "INT",
        "INTEGER",
        "BIGINT",
        "INT2",
        "INT4",
        "INT8",
        "SMALLSERIAL",
        "SERIAL",
        "BIGSERIAL",
        "DECIMAL",
        "DEC",
        "NUMERIC",
        "NUMBER",
        "FIXED",
        "MONEY",
        "FLOAT",
        "FLOAT4",
        "FLOAT8",
        "DOUBLE",
        "REAL",
        "BOOLEAN",
        "BOOL",
        "BIT",
        "DATE",
        "DATETIME",
        "TIMESTAMP",
        "TIMESTAMPTZ",
        "TIME",
        "TIMETZ",
        "YEAR",
        "INTERVAL",
        "UUID",
    ]
)
"""Types without an empty value in any of the databases. An unknown type may be text."""

_COLUMN = re.compile(r"""("(?:[^"]|"")+"|`(?:[^`]|``)+`|\S+)(?:\s+([A-Za-z].*))?""", re.DOTALL)
_TYPE = re.compile(
    r"[A-Z][A-Z0-9_]*( (PRECISION|VARYING|UNSIGNED))?(\(\d+(,\d+)?\))?( WITH(OUT)? TIME ZONE)?"
)


@dataclass(frozen=True)
class Columns:
    """The columns of a format. Without names, rows may have any length."""

    names: tuple[str, ...] = ()
    """As written: quoted if necessary."""
    types: tuple[str, ...] = ()
    """In upper case, without redundant blanks; STRING if no type is given."""
    not_text: tuple[int, ...] = ()
    """The positions of columns that do not hold text. There, an empty value can only mean NULL."""

    @classmethod
    def of(cls, data_format: PipelineObject) -> Columns:
        """Read ``column``, whose values have the form ``name TYPE``, or several of these with commas between.

        The type may be omitted, because the target database has its own. Raises FieldError.
        """
        names, types = [], []
        for value in data_format.strings("column"):
            for part in comma_separated(value):
                found = _COLUMN.fullmatch(part)
                given = " ".join((found[2] or "STRING").upper().split()) if found else ""
                kind = re.sub(r" ?([(),]) ?", r"\1", given)
                if not found or not _TYPE.fullmatch(kind):
                    problem = f"a name and a type are expected, such as 'hostname STRING', not {part!r}"
                    raise FieldError(data_format.id, "column", problem)
                names.append(found[1])
                types.append(kind)
        words = [kind.partition("(")[0].partition(" ")[0] for kind in types]
        not_text = tuple(place for place, word in enumerate(words) if word in _NO_TEXT_TYPES)
        return cls(tuple(names), tuple(types), not_text)

    def checked(self, number: int, row: Sequence[str | None]) -> Row:
        """The row, with NULL for empty values in columns that are not text.

        Raises RecordError if the row does not have the right length.
        """
        if not self.names:
            return row
        if len(row) != len(self.names):
            problem = f"it has {len(row)} columns, and {len(self.names)} are expected"
            raise RecordError(number, problem)
        if self.not_text and "" in row:
            return [
                None if value == "" and place in self.not_text else value for place, value in enumerate(row)
            ]
        return row


ANY_COLUMNS = Columns()
"""For a format that lists no columns."""
