"""What a data format can do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

Row = Sequence[str | None]
"""The values of a record as text; None is NULL."""


class RecordError(Exception):
    """A record is not of the format. ``number`` counts from 1."""

    def __init__(self, number: int, problem: str) -> None:
        super().__init__(f"record {number:,}: {problem}")
        self.number = number


class DataFormat(Protocol):
    """Reads and writes rows; text comes and goes in pieces of any size. Two that are equal do the same."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of the columns; empty if the format does not list them."""
        ...

    @property
    def record_separator(self) -> str:
        """What ends a record."""
        ...

    @property
    def extension(self) -> str:
        """How the names of files in this format end, without the dot."""
        ...

    def read(self, text: Iterable[str]) -> Iterator[Row]:
        """The records of one file. Raises RecordError."""
        ...

    def write(self, rows: Iterable[Row]) -> Iterator[str]:
        """The text of one file. Raises RecordError for a row that the format cannot express."""
        ...
