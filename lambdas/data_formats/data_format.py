"""The interface of data formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

Row = Sequence[str | None]
"""The values of a record as text; None is NULL."""


class RecordError(Exception):
    """A record does not match the format. ``number`` counts from 1."""

    def __init__(self, number: int, problem: str) -> None:
        super().__init__(f"record {number:,}: {problem}")
        self.number = number
        self.problem = problem

    def after(self, records: int) -> RecordError:
        """The same error, if this many records come before those that were counted."""
        return RecordError(self.number + records, self.problem)


class DataFormat(Protocol):
    """Reads and writes rows. Text is in pieces of any size. Equal formats behave the same."""

    @property
    def columns(self) -> Sequence[str]:
        """The column names; empty if the format does not list any."""
        ...

    @property
    def record_separator(self) -> str:
        """The text that ends a record."""
        ...

    @property
    def extension(self) -> str:
        """The extension of files in this format, without the dot."""
        ...

    def read(self, text: Iterable[str]) -> Iterator[Row]:
        """The records in the text of a file. Raises RecordError."""
        ...

    def write(self, rows: Iterable[Row]) -> Iterator[str]:
        """The text of a file with the rows. Raises RecordError for a row that the format cannot express."""
        ...
