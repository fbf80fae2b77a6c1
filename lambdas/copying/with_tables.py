"""Copies that a database takes part in: in one transaction, row by row, none of them kept."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from copying.insert_query import InsertQuery
from copying.s3_place import S3Place
from copying.sql_node import SqlNode
from copying.tables import TablesSession, open_tables
from data_formats.data_format import RecordError, Row
from data_nodes.s3_uri import S3Uri
from runner.outcome import TaskFailed
from runner.task import Task
from sql.session import ended_with

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def to_table(task: Task, s3: S3Client, source: S3Place, target: SqlNode) -> None:
    """All records of the input's objects, or none. Raises TaskFailed, and Canceled."""
    rows = source.all_rows(s3, lambda: task.canceled)
    _insert(task, rows, source.format.columns, source.node.id, target)


def from_table(task: Task, s3: S3Client, source: SqlNode, target: S3Place) -> None:
    """The rows of the query, as one object. Raises TaskFailed, and Canceled."""
    uri = object_for(source, target)
    tables = _connect(task, source)
    with ended_with(task, tables):
        rows = _Counted(tables.select(_query(source)))
        size = target.write_rows(s3, uri, rows, lambda: task.canceled)
    task.logger.info("Rows written", rows=rows.count, bytes=size, place=str(uri))


def between_tables(task: Task, source: SqlNode, target: SqlNode) -> None:
    """The rows of the query, or none of them. Raises TaskFailed."""
    tables = _connect(task, source)
    with ended_with(task, tables):
        _insert(task, tables.select(_query(source)), (), source.id, target)


def object_for(source: SqlNode, target: S3Place) -> S3Uri:
    """The object to write; in a directory it has the name of the input node. Raises TaskFailed."""
    node = target.node
    if node.file:
        return node.file
    if node.directory is None:
        raise TaskFailed(f"'{node.id}' is a manifest, which cannot be copied to.", error_id="UnsupportedCopy")
    suffix = ".gz" if node.gzip else ""
    return S3Uri(node.directory.bucket, f"{node.directory.key}{source.id}{suffix}")


def _query(source: SqlNode) -> str:
    return source.select or f"SELECT * FROM {source.qualified}"  # noqa: S608 - what the definition says


class _Counted:
    """Rows, and how many went by."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            yield row


def _connect(task: Task, node: SqlNode) -> TablesSession:
    tables = open_tables(node.server)
    server = node.server
    task.logger.info("Connected", host=server.host, port=server.port, database=server.database)
    return tables


def _insert(task: Task, rows: Iterator[Row], names: Iterable[str], source: str, target: SqlNode) -> None:
    query = InsertQuery.parse(target.insert, target.server.engine) if target.insert else None
    tables = _connect(task, target)
    with ended_with(task, tables):
        if target.create and not tables.table_exists(target.table, target.schema):
            tables.create(task, target.create)
        first = list(itertools.islice(rows, 1))
        count = 0
        try:
            if first:
                rows = itertools.chain(first, rows)
                if query:
                    count = tables.insert(query, rows)
                else:
                    count = tables.load(target.qualified, list(names), rows, len(first[0]))
        except RecordError as error:
            raise TaskFailed(f"'{source}': {error}", error_id="InvalidData") from error
        if task.canceled:
            return
        tables.commit()
    task.logger.info("Rows committed", rows=count, table=target.qualified)
