"""An S3DataNode with its data format, as the source or target of a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copying import s3_objects
from copying.blocks import Block, as_records, file_blocks, invalid, row_blocks
from copying.byte_streams import DataError, checked, compressed, decoded, decompressed
from data_formats.bulk_text import BulkFile
from data_formats.data_format import DataFormat, RecordError, Row
from data_formats.formats import data_format_of
from data_nodes.manifest import Manifest
from data_nodes.s3_data_node import S3DataNode
from data_nodes.s3_uri import S3Uri
from data_nodes.stored_object import StoredObject
from runner.clients import aws_errors
from runner.fields import FieldError, PipelineObject
from runner.task import Task

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CheckCanceled = Callable[[], None]
"""Raises TaskCanceled."""


@dataclass(frozen=True)
class S3Place:
    """``data_format`` is None if the node neither names a format nor defines a text for NULL."""

    node: S3DataNode
    data_format: DataFormat | None
    is_named: bool = False
    """Whether the node has a ``dataFormat``."""

    @classmethod
    def of(cls, task: Task, found: PipelineObject) -> S3Place:
        """Read the fields. Raises FieldError, and TaskFailed for an unknown format."""
        node = S3DataNode.of(found)
        named = task.references("dataFormat", of=found)
        if len(named) > 1:
            raise FieldError(found.id, "dataFormat", f"one reference is expected, but it has {len(named)}")
        if not named and node.null is None:
            return cls(node, None)
        return cls(node, data_format_of(named[0] if named else None, node.null), bool(named))

    @property
    def format(self) -> DataFormat:
        """The node's format; CSV if it names none."""
        return self.data_format or data_format_of(None)

    def objects(self, s3: S3Client, after: str = "") -> Iterator[StoredObject]:
        """As S3DataNode.objects. Raises TaskFailed."""
        with self._listing():
            yield from self.node.objects(s3, after=after)

    def manifest(self, s3: S3Client) -> Manifest | None:
        """The manifest, if the node has one. Raises TaskFailed."""
        if self.node.manifest is None:
            return None
        with self._listing():
            return Manifest.read(s3, self.node.id, self.node.manifest)

    def listed(self, s3: S3Client, manifest: Manifest, after: str) -> Iterator[StoredObject]:
        """As Manifest.objects. Raises TaskFailed."""
        with self._listing():
            yield from manifest.objects(s3, after=after)

    @contextmanager
    def _listing(self) -> Iterator[None]:
        try:
            yield
        except aws_errors() as error:
            raise s3_objects.denied(f"The objects of '{self.node.id}' could not be listed", error) from error

    def contents(self, s3: S3Client, stored: StoredObject, check_canceled: CheckCanceled) -> Iterator[bytes]:
        """An object's bytes, decompressed for a gzip node. Raises TaskFailed, and TaskCanceled."""
        pieces = s3_objects.read(s3, stored, check_canceled)
        try:
            yield from decompressed(pieces) if self.node.gzip else pieces
        except DataError as error:
            raise invalid(stored.uri, error) from error

    def rows(self, s3: S3Client, stored: StoredObject, check_canceled: CheckCanceled) -> Iterator[Row]:
        """An object's records. Raises TaskFailed, and TaskCanceled."""
        try:
            yield from self.format.read(decoded(self.contents(s3, stored, check_canceled)))
        except (DataError, RecordError) as error:
            raise invalid(stored.uri, error) from error

    def all_rows(self, s3: S3Client, check_canceled: CheckCanceled) -> Iterator[Row]:
        """The records of all the node's objects. Raises TaskFailed, and TaskCanceled."""
        for stored in self.objects(s3):
            yield from self.rows(s3, stored, check_canceled)

    def all_blocks(self, s3: S3Client, check_canceled: CheckCanceled) -> Iterator[Block]:
        """The same records in blocks. Raises TaskFailed, and TaskCanceled."""
        file = BulkFile.of(self.format)
        if file is None:
            yield from row_blocks(self.all_rows(s3, check_canceled))
            return
        for stored in self.objects(s3):
            try:
                pieces = checked(self.contents(s3, stored, check_canceled))
                yield from file_blocks(file, stored.uri, pieces)
            except DataError as error:
                raise invalid(stored.uri, error) from error

    def write(self, s3: S3Client, uri: S3Uri, pieces: Iterable[bytes], check_canceled: CheckCanceled) -> int:
        """Write an object with the bytes, compressed for a gzip node.

        Raises TaskFailed, and TaskCanceled.
        """
        return s3_objects.write(s3, uri, compressed(pieces) if self.node.gzip else pieces, check_canceled)

    def write_blocks(
        self, s3: S3Client, uri: S3Uri, blocks: Iterable[Block], check_canceled: CheckCanceled
    ) -> int:
        """Write an object with the records. Raises TaskFailed, and TaskCanceled."""
        try:
            return self.write(s3, uri, as_records(blocks, self.format), check_canceled)
        except RecordError as error:
            raise invalid(uri, error) from error

    def write_rows(self, s3: S3Client, uri: S3Uri, rows: Iterable[Row], check_canceled: CheckCanceled) -> int:
        """Write an object with the records. Raises TaskFailed, and TaskCanceled."""
        return self.write_blocks(s3, uri, row_blocks(rows), check_canceled)
