"""Blocks of records, on their way between files and tables: as bulk text if possible, else as rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from data_formats.bulk_text import BulkFile, BulkText
from data_formats.data_format import DataFormat, RecordError, Row
from data_formats.delimited import MAX_RECORD_CHARACTERS, check_size
from data_nodes.s3_uri import S3Uri
from runner.outcome import TaskFailed

TABS = BulkText()
"""The form for rows that come from no bulk text."""
BLOCK_ROWS = 1000
BLOCK_CHARACTERS = 256 * 1024


class Block(Protocol):
    """Some records, which may be taken more than once."""

    @property
    def form(self) -> BulkText:
        """The form of ``text``: the same for all blocks of a copy."""
        ...

    @property
    def records(self) -> int:
        """How many records it has: one or more."""
        ...

    @property
    def size(self) -> int:
        """About how many bytes it has."""
        ...

    def rows(self) -> Iterator[Row]:
        """The rows. Raises TaskFailed, or RecordError."""
        ...

    def text(self, columns: int) -> bytes | None:
        """The rows as bulk text. None if they do not have this number of columns, or have no such form."""
        ...


@dataclass(frozen=True)
class RowBlock:
    """Rows of any origin."""

    taken: Sequence[Row]
    form: BulkText = TABS

    @property
    def records(self) -> int:
        """See Block."""
        return len(self.taken)

    @property
    def size(self) -> int:
        """See Block."""
        return sum(len(value) for row in self.taken for value in row if value)

    def rows(self) -> Iterator[Row]:
        """See Block."""
        return iter(self.taken)

    def text(self, columns: int) -> bytes | None:  # noqa: ARG002 - see Block
        """See Block."""
        return None


class Unloaded(ABC):
    """Rows that a server has written as bulk text."""

    @property
    @abstractmethod
    def unloaded(self) -> TextBlock:
        """The rows as nothing but bulk text."""


@dataclass(frozen=True)
class TextBlock(Unloaded):
    """Rows in bulk text."""

    data: bytes
    columns: int
    records: int
    form: BulkText

    @property
    def unloaded(self) -> TextBlock:
        """See Unloaded."""
        return self

    @property
    def size(self) -> int:
        """See Block."""
        return len(self.data)

    def rows(self) -> Iterator[Row]:
        """See Block."""
        return self.form.rows_format.read([self.form.rows_text(self.data)])

    def text(self, columns: int) -> bytes | None:
        """See Block."""
        return self.data if columns == self.columns else None


@dataclass(frozen=True)
class FileBlock:
    """Records of an object, with what ends them, after ``before`` others of the same object."""

    data: bytes
    records: int
    file: BulkFile
    uri: S3Uri
    before: int
    is_rest: bool = False
    """Whether nothing ends the last record."""

    @property
    def form(self) -> BulkText:
        """See Block."""
        return self.file.text

    @property
    def size(self) -> int:
        """See Block."""
        return len(self.data)

    def rows(self) -> Iterator[Row]:
        """See Block."""
        try:
            yield from self.file.format.read([self.data.decode()])
        except RecordError as error:
            raise invalid(self.uri, error.after(self.before)) from error

    def text(self, columns: int) -> bytes | None:
        """See Block."""
        return None if self.is_rest else self.file.loaded(self.data, columns)


@dataclass(frozen=True)
class NativeBlock:
    """Rows in the own form of a server, which only another one like it takes."""

    data: bytes

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.data)


def file_blocks(file: BulkFile, uri: S3Uri, pieces: Iterable[bytes]) -> Iterator[FileBlock]:
    """The records of an object, whose bytes are UTF-8. Raises TaskFailed."""
    rest = b""
    before = 0
    for piece in pieces:
        start = len(rest)
        rest += piece
        end = file.end(rest, start)
        if end:
            data, rest = rest[:end], rest[end:]
            block = FileBlock(data, file.records(data), file, uri, before)
            yield block
            before += block.records
        if len(rest) > MAX_RECORD_CHARACTERS:
            try:
                check_size(before + 1, rest.decode(errors="ignore"))
            except RecordError as error:
                raise invalid(uri, error) from error
    if rest:
        yield FileBlock(rest, 1, file, uri, before, is_rest=True)


def row_blocks(rows: Iterable[Row]) -> Iterator[RowBlock]:
    """The rows in blocks that need little memory."""
    taken: list[Row] = []
    size = 0
    for row in rows:
        taken.append(row)
        size += sum([len(value) for value in row if value])
        if len(taken) >= BLOCK_ROWS or size >= BLOCK_CHARACTERS:
            yield RowBlock(taken)
            taken = []
            size = 0
    if taken:
        yield RowBlock(taken)


def rows_of(blocks: Iterable[Block]) -> Iterator[Row]:
    """The rows of all blocks. Raises TaskFailed, and RecordError."""
    for block in blocks:
        yield from block.rows()


def bulk_text(blocks: Iterable[Block], columns: int) -> Iterator[tuple[bytes, Block]]:
    """Each block as bulk text. Raises TaskFailed, and RecordError for another number of columns."""
    before = 0
    for block in blocks:
        text = block.text(columns)
        if text is None:
            rows = with_columns(block.rows(), columns, before)
            text = "".join(block.form.rows_format.write(rows)).encode()
        yield text, block
        before += block.records


def with_columns(rows: Iterable[Row], columns: int, before: int = 0) -> Iterator[Row]:
    """The rows. Raises RecordError for one that does not have this number of columns."""
    for number, row in enumerate(rows, before + 1):
        if len(row) != columns:
            problem = f"it has {len(row)} columns, and {columns} are inserted"
            raise RecordError(number, problem)
        yield row


def as_records(blocks: Iterable[Block], data_format: DataFormat) -> Iterator[bytes]:
    """The blocks as records of a file. Raises RecordError for a row that the format cannot express."""
    file = BulkFile.of(data_format)
    expected = len(data_format.columns)
    before = 0
    for block in blocks:
        written = None
        if file and isinstance(block, Unloaded) and expected in {0, block.unloaded.columns}:
            written = file.written(block.unloaded.data)
        if written is None:
            try:
                rows = _listed(block.rows(), expected)
                written = "".join(data_format.write(rows)).encode()
            except RecordError as error:
                raise error.after(before) from error
        yield written
        before += block.records


def _listed(rows: Iterable[Row], expected: int) -> Iterator[Row]:
    """The rows. Raises RecordError for a row whose number of columns differs from the format's."""
    for number, row in enumerate(rows, 1):
        if expected and len(row) != expected:
            problem = f"it has {len(row)} columns, and the format of the output lists {expected}"
            raise RecordError(number, problem)
        yield row


def invalid(uri: S3Uri, problem: Exception) -> TaskFailed:
    """The failure for data that does not match the format."""
    return TaskFailed(f"'{uri}': {problem}", error_id="InvalidData")
