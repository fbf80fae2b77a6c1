"""What a data format can do, and the one that a data node names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from data_nodes.s3_data_node import NULL_FIELD
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed

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


def data_format_of(named: PipelineObject | None, null: str | None = None) -> DataFormat:
    """The format that ``named`` describes; CSV if a node names none.

    ``null`` is what stands for NULL, if the node says so. Raises FieldError, and TaskFailed.
    """
    from data_formats.delimited import Delimited
    from data_formats.regex import RegEx

    if named is None:
        return Delimited.csv(null)
    if named.type in {"CSV", "TSV", "Custom"}:
        return Delimited.of(named, null)
    if named.type == "RegEx":
        if null is not None:
            raise FieldError(named.id, NULL_FIELD, "it is of CSV, TSV and Custom, and this is a RegEx")
        return RegEx.of(named)
    raise TaskFailed(
        f"'{named.id}' is a {named.type}: CopyActivity knows CSV, TSV, Custom and RegEx.",
        error_id="UnsupportedFormat",
    )
