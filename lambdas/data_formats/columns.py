"""The column lists of data formats: ``hostname STRING``, one value for each column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data_formats.data_format import RecordError, Row
from runner.fields import FieldError, PipelineObject

_TEXT_TYPES = {"STRING", "CHAR", "VARCHAR", "TEXT"}


@dataclass(frozen=True)
class Columns:
    """The names of the columns, and which of them hold no text. Without names, rows are of any length."""

    names: tuple[str, ...] = ()
    not_text: tuple[int, ...] = ()
    """Their places. An empty value of such a column is NULL: it can be nothing else."""

    @classmethod
    def of(cls, data_format: PipelineObject) -> Columns:
        """Read ``column``: values of the form ``name TYPE``, or several of them with commas between.

        Raises FieldError. The type may be left out; the database that rows are written to has its own.
        """
        listed = [part.split() for value in data_format.strings("column") for part in _parts(value)]
        if not all(1 <= len(words) <= 2 for words in listed):
            problem = "a name and a type are expected, such as 'hostname STRING'"
            raise FieldError(data_format.id, "column", problem)
        types = [words[1].upper().partition("(")[0] if len(words) == 2 else "STRING" for words in listed]
        not_text = tuple(place for place, name in enumerate(types) if name not in _TEXT_TYPES)
        return cls(tuple(words[0] for words in listed), not_text)

    def checked(self, number: int, row: Sequence[str | None]) -> Row:
        """The row, with NULL for empty values that are not text. Raises RecordError for a wrong length."""
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
"""Of a format that lists none."""


def _parts(value: str) -> list[str]:
    """Split at commas, but not at those of a type such as ``DECIMAL(10,2)``."""
    parts = [""]
    depth = 0
    for character in value:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
