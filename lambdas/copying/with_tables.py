"""Copies from or to a database: one transaction each, block by block, without keeping rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from typing import TYPE_CHECKING, cast

from copying.ahead import ahead
from copying.blocks import TABS, Block, NativeBlock, row_blocks, rows_of
from copying.connect import open_tables
from copying.export_name import export_name
from copying.insert_query import InsertQuery
from copying.s3_objects import check_key
from copying.s3_place import S3Place
from copying.sql_node import SqlNode
from copying.tables import TablesSession
from data_formats.bulk_text import BulkFile
from data_formats.data_format import RecordError
from data_nodes.s3_uri import S3Uri
from runner.outcome import TaskFailed
from runner.task import Task
from sql.session import ended_with

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


Blocks = AbstractContextManager[Iterator[Block | NativeBlock]]


def to_table(task: Task, s3: S3Client, source: S3Place, target: SqlNode) -> None:
    """Copy all records of the input's objects, or none. Raises TaskFailed, and TaskCanceled."""
    blocks = source.all_blocks(s3, task.check_canceled)
    _insert(task, lambda _tables: nullcontext(blocks), source.format.columns, source.node.id, target)


def from_table(task: Task, s3: S3Client, source: SqlNode, target: S3Place) -> None:
    """Copy the rows of the query to one object. Raises TaskFailed, and TaskCanceled."""
    uri = object_for(task, target)
    tables = _connect(task, source)
    file = BulkFile.of(target.format)
    rows = tables.unload(task, source.select, source.qualified, file.text if file else TABS)
    with ended_with(task, tables):
        with closing(ahead(rows, tables.disconnect)) as taken:
            blocks = _Counted(taken)
            size = target.write_blocks(s3, uri, blocks, task.check_canceled)
        _commit_source(task, tables, source, f"{uri} is written")
    task.logger.info("Rows written", rows=blocks.count, bytes=size, place=str(uri))


def between_tables(task: Task, source: SqlNode, target: SqlNode) -> None:
    """Copy all rows of the query, or none. Raises TaskFailed, and TaskCanceled."""
    tables = _connect(task, source)
    portable = source.server.engine is not target.server.engine

    def blocks_for(into: TablesSession) -> Blocks:
        found: Iterator[Block | NativeBlock]
        if portable:
            tables.in_utc()
            rows = tables.select(task, source.select, source.qualified, portable=True)
            found = row_blocks(rows)
        elif target.insert:
            found = tables.unload(task, source.select, source.qualified, TABS)
        else:
            found = tables.unload_for(task, source.select, source.qualified, into, target.qualified)
        return closing(ahead(found, tables.disconnect))

    with ended_with(task, tables):
        _insert(task, blocks_for, (), source.id, target, in_utc=portable)
        _commit_source(task, tables, source, f"the rows are committed in {target.qualified}")


def object_for(task: Task, target: S3Place) -> S3Uri:
    """The object to write. In a directory, it gets an export name. Raises TaskFailed."""
    node = target.node
    if node.file:
        return node.file
    if node.directory is None:
        raise TaskFailed(f"'{node.id}' is a manifest, which cannot be copied to.", error_id="UnsupportedCopy")
    name = export_name(task, target.format.extension) + (".gz" if node.gzip else "")
    uri = S3Uri(node.directory.bucket, f"{node.directory.key}{name}")
    check_key(uri, f"No object can be written to '{node.directory}'")
    return uri


def _commit_source(task: Task, tables: TablesSession, source: SqlNode, done: str) -> None:
    """Commit the changes of the query, for example rows that it marks as copied.

    JDBC commits each statement separately (java.sql.Connection, setAutoCommit). Here the commit comes last,
    so that rows do not count as copied if the copy fails. Raises TaskFailed.
    """
    if not source.select:
        return
    try:
        tables.commit()
    except TaskFailed as error:
        if tables.has_only_read and error.error_id == "ConnectionLost":
            # For example a session that the server has ended because it was idle while the rows were written.
            task.logger.info("Nothing to commit at the source", problem=str(error))
            return
        raise TaskFailed(
            f"All is copied: {done}. But what selectQuery of '{source.id}' changes in its own database could "
            f"not be committed, so that the next run may copy the same rows again: {error}",
            error_id="SourceNotCommitted",
        ) from error


class _Counted:
    """Counts the rows of the blocks that pass."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._blocks = blocks
        self.count = 0

    def __iter__(self) -> Iterator[Block]:
        for block in self._blocks:
            self.count += block.records
            yield block


def _connect(task: Task, node: SqlNode) -> TablesSession:
    tables = open_tables(node.server)
    server = node.server
    task.logger.info("Connected", host=server.host, port=server.port, database=server.database)
    return tables


def _insert(
    task: Task,
    blocks_for: Callable[[TablesSession], Blocks],
    names: Iterable[str],
    source: str,
    target: SqlNode,
    *,
    in_utc: bool = False,
) -> None:
    """Insert the records and commit them. Raises TaskFailed, and TaskCanceled before it commits."""
    query = InsertQuery.parse(target.insert, target.server.engine) if target.insert else None
    tables = _connect(task, target)
    stays: list[str] = []
    with ended_with(task, tables):
        try:
            if in_utc:
                tables.in_utc()
            if target.create and not tables.table_exists(target.table, target.schema):
                stays += ["what createTableSql did"] if tables.create(task, target.create) else []
            if query and query.is_call and tables.commits_in_procedures:
                stays.append("what the procedure has committed")
            listed = [tables.column(name) for name in names]
            with blocks_for(tables) as blocks:
                count = _insert_blocks(tables, query, target.qualified, listed, blocks)
            task.check_canceled()
            tables.commit()
        except (RecordError, TaskFailed) as error:
            if query and query.has_several_statements and isinstance(error, TaskFailed):
                error = TaskFailed(f"{error} insertQuery has to be one statement.", error_id=error.error_id)
            raise _failure(error, source, tables, stays) from error
    task.logger.info("Rows committed", rows=count, table=target.qualified)


def _insert_blocks(
    tables: TablesSession,
    query: InsertQuery | None,
    table: str,
    names: Sequence[str],
    taken: Iterator[Block | NativeBlock],
) -> int:
    first = next(taken, None)
    if first is None:
        return 0
    if isinstance(first, NativeBlock):
        return tables.load_native(table, cast(Iterator[NativeBlock], itertools.chain([first], taken)))
    blocks = cast(Iterator[Block], itertools.chain([first], taken))
    if query:
        return tables.insert(query, rows_of(blocks), table)
    columns = len(next(first.rows()))
    return tables.load(table, names, blocks, columns, first.form)


def _failure(
    error: RecordError | TaskFailed, source: str, tables: TablesSession, stays: Sequence[str]
) -> TaskFailed:
    """The error, with what remains of the copy. ``stays`` was committed on the way."""
    if isinstance(error, RecordError):
        error = TaskFailed(f"'{source}': {error}.", error_id="InvalidData")
    if error.error_id == "ConnectionLost":  # The error says that the copy may have been committed.
        return error
    try:
        stays = [*stays, *tables.roll_back()]
    except TaskFailed:
        return error
    left = (
        f"All is rolled back but {' and '.join(stays)}." if stays else "Nothing of it is left in its tables."
    )
    return TaskFailed(f"{error} {left}", error_id=error.error_id)
