"""Tables in MySQL and MariaDB: reads rows as the server sends them, and writes many rows per INSERT."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pymysql
from pymysql.connections import TEXT_TYPES
from pymysql.constants import CLIENT, ER, FIELD_TYPE

from copying.blocks import Block, TextBlock, bulk_text, row_blocks, rows_of
from copying.insert_query import InsertQuery
from copying.mysql_load import TableLoad, chunks, columns_of, max_packet
from copying.mysql_rows import QueryRows
from copying.mysql_values import (
    Column,
    Reader,
    bit_columns,
    escaped_bytes,
    float_columns,
    readers,
    shortest_float,
    with_bit_numbers,
)
from copying.tables import BATCH_CHARACTERS, BATCH_ROWS, TablesSession, batches, lost, refused
from data_formats.bulk_text import BulkText
from data_formats.data_format import RecordError, Row
from runner.outcome import TaskFailed
from runner.task import Task
from sql.mysql import MySqlSession, is_lost, number_and_text
from sql.names import MYSQL_QUOTE, bare, parts, quoted
from sql.session import CONNECT_SECONDS, ended_with

_LOST_DIGITS = (
    "MySQL gives 6 digits of FLOAT columns: 16777200 for 16777216. Where all of them count, have selectQuery "
    "give doubles: column + 0e0, or from MySQL 8.0.17 CAST(column AS DOUBLE)."
)
_PARAMETERS = (
    "SELECT parameter_name, data_type FROM information_schema.parameters "
    "WHERE specific_schema = coalesce(%s, database()) AND specific_name = %s AND routine_type = 'PROCEDURE' "
    "ORDER BY ordinal_position"
)


_WRITE_SECONDS = 900
"""How long a source waits while its rows are written elsewhere: as long as a function may run.

With the server's 60 s, a slow target would end the copy. MySQL Connector/J sets it too where it streams rows
(``netTimeoutForStreamingResults``).
"""
_BINARY = 63
"""The number of the character set of binary columns (MySQL documentation, "Column Definition")."""
_TEXTS = TEXT_TYPES - {FIELD_TYPE.JSON}
_SEVERAL = "selectQuery gives the rows of several queries; one is expected."


class MySqlTables(MySqlSession, TablesSession):
    """Values are text in both directions, in the server's own form, so that none loses digits."""

    commits_in_procedures = True
    _flags = CLIENT.LOCAL_FILES
    """Without MULTI_STATEMENTS, the server refuses a second statement.

    Its rows would be lost, or it would run for some of the rows only. With LOCAL_FILES, but without the
    driver's ``local_infile``, the driver refuses to send files: see ``mysql_local_infile``.
    """

    def _set_up(self) -> None:
        super()._set_up()
        if self.server.data.strict:  # Also for tables without transactions.
            self._execute("SET sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')")
        if "net_write_timeout" not in self.server.data.variables.lower():
            self._execute(f"SET net_write_timeout = {_WRITE_SECONDS}")

    def in_utc(self) -> None:
        if "time_zone" not in self.server.data.variables.lower():
            with _errors_as_task_failed():
                self._execute("SET time_zone = '+00:00'")

    def select(self, task: Task, query: str, table: str, *, portable: bool = False) -> Iterator[Row]:  # noqa: ARG002 - all values are
        with self._result(task, query, table) as (cursor, reads):
            yield from self._fetched(cursor, reads)

    def unload(self, task: Task, query: str, table: str, form: BulkText) -> Iterator[Block]:
        with self._result(task, query, table) as (cursor, reads):
            fields = cursor._result.fields
            if reads or any(field.charsetnr == _BINARY and field.type_code in _TEXTS for field in fields):
                yield from row_blocks(self._fetched(cursor, reads))
                return
            rows = QueryRows(self._wire.file, len(fields), form)
            for data, records in rows:
                yield TextBlock(data, len(fields), records, form)
            if rows.are_several():
                raise refused(_SEVERAL)

    @contextmanager
    def _result(self, task: Task, query: str, table: str) -> Iterator[tuple[Any, Mapping[int, Reader]]]:
        """A cursor that has run the query, and how to read its columns that are not text."""
        self._driver.decoders = {}
        query, exact = (query, ()) if query else self._select_all(table)
        cursor = self._driver.cursor()
        try:
            with _errors_as_task_failed():
                cursor.execute(query)
                described = cursor.description or ()
                if not described:
                    raise refused("selectQuery gives no rows.")
                reads = readers([int(column[1]) for column in described], self.server.data.zero_dates)
                reads = {**reads, **dict.fromkeys(exact, shortest_float)}
                if lost_digits := float_columns(described).values():
                    task.logger.warning("Digits lost", columns=list(lost_digits), problem=_LOST_DIGITS)
                yield cursor, reads
        finally:
            _abandon(cursor)

    def _fetched(self, cursor: Any, reads: Mapping[int, Reader]) -> Iterator[Row]:
        names = [column[0] for column in cursor.description]
        for number, fetched in enumerate(cursor.fetchall_unbuffered(), 1):
            row = _converted(number, fetched, names, reads) if reads else fetched
            if bytes in map(type, row):
                raise _binary_column(names[[type(value) for value in row].index(bytes)])
            yield row
        while cursor.nextset():  # of a procedure
            if cursor.description:
                raise refused(_SEVERAL)

    def _select_all(self, table: str) -> tuple[str, Collection[int]]:
        """A query for the table, and the positions of FLOATs, which it reads as DOUBLE with all digits."""
        query = f"SELECT * FROM {table}"  # noqa: S608 - from the definition
        with _errors_as_task_failed(), self._driver.cursor() as cursor:
            cursor.execute(f"{query} LIMIT 0")
            described = cursor.description or ()
        exact = float_columns(described)
        if exact:
            names = [quoted(column[0], MYSQL_QUOTE) for column in described]
            # The same as CAST(… AS DOUBLE), which MySQL supports only from 8.0.17.
            listed = [
                f"{name} + 0e0 AS {name}" if position in exact else name
                for position, name in enumerate(names)
            ]
            query = f"SELECT {', '.join(listed)} FROM {table}"  # noqa: S608
        return query, exact.keys()

    def create(self, task: Task, statement: str) -> bool:
        """Uses a session that accepts several statements. MySQL commits them at once anyway."""
        session = MySqlSession(self.server, CONNECT_SECONDS)
        try:
            with ended_with(task, session):
                session.run(statement)
        except TaskFailed as error:
            raise TaskFailed(f"createTableSql: {error}", error_id=error.error_id) from error
        return True

    def insert(self, query: InsertQuery, rows: Iterable[Row], table: str) -> int:
        most = BATCH_ROWS if query.repeatable else 1
        inserted = 0
        with _errors_as_task_failed():
            numbers = self._bit_columns(query, table)
            packet = max_packet(self._driver)
            around = len(query.for_mysql(0).encode()) + 1  # Including the byte of the command.
            between = len("".join(query.row).encode()) + len(", ")
            room = min(packet - around, BATCH_CHARACTERS)
            for batch in batches(rows, query.columns, most, lambda row: escaped_bytes(row) + between, room):
                if len(batch) == 1 and (needed := around + between + escaped_bytes(batch[0])) > packet:
                    raise _too_long(inserted + 1, needed, packet)
                written = with_bit_numbers(batch, numbers, inserted + 1) if numbers else batch
                self._execute(query.for_mysql(len(batch)), [value for row in written for value in row])
                inserted += len(batch)
        return inserted

    def column(self, name: str) -> str:
        return quoted(bare(name), MYSQL_QUOTE)

    def load(
        self, table: str, names: Sequence[str], blocks: Iterable[Block], columns: int, form: BulkText
    ) -> int:
        query = InsertQuery.into(table, tuple(names), columns)
        with _errors_as_task_failed():
            loading = TableLoad.of(self._driver, self._wire, table, names, form)
        if loading is None or len(loading.columns) != columns:
            return self.insert(query, rows_of(blocks), table)
        count = 0
        for chunk in chunks(bulk_text(blocks, columns)):
            records = sum(block.records for _, block in chunk)
            with _errors_as_task_failed():
                is_loaded = loading.take([text for text, _ in chunk], records)
            if not is_loaded:
                try:
                    self.insert(query, rows_of(block for _, block in chunk), table)
                except RecordError as error:
                    raise error.after(count) from error
            count += records
        return count

    def commit(self) -> None:
        with _errors_as_task_failed():
            self._driver.commit()

    def roll_back(self) -> list[str]:
        with _errors_as_task_failed():
            self._driver.rollback()
            warnings = self._driver.show_warnings()  # type: ignore[no-untyped-call]
        kept = any(number == ER.WARNING_NOT_COMPLETE_ROLLBACK for _level, number, _text in warnings)
        return ["rows in tables without transactions, such as MyISAM"] if kept else []

    def _bit_columns(self, query: InsertQuery, table: str) -> Mapping[int, str]:
        """The BIT columns, or parameters, that receive values unchanged, by the values' positions."""
        name = query.table or table
        try:
            columns = self._parameters(name) if query.is_call else columns_of(self._driver, name)
        except pymysql.MySQLError:  # The statement itself gives a better error.
            return {}
        return bit_columns(query.targets, columns)

    def _parameters(self, procedure: str) -> list[Column]:
        *schema, name = parts(procedure, MYSQL_QUOTE)
        with self._driver.cursor() as cursor:
            cursor.execute(_PARAMETERS, (schema[0] if schema else None, name))
            return [Column(str(parameter), str(kind)) for parameter, kind in cursor.fetchall()]

    def _execute(self, statement: str, values: Sequence[str | int | None] | None = None) -> None:
        with self._driver.cursor() as cursor:
            cursor.execute(statement, values)


def _abandon(cursor: Any) -> None:
    """Keep the driver from reading the rest of a result, as it does when a cursor is closed or collected."""
    if cursor._result is not None:
        cursor._result.unbuffered_active = False
    cursor.connection = None


def _converted(number: int, row: Row, names: Sequence[str], reads: Mapping[int, Reader]) -> Row:
    values = list(row)
    for position, read in reads.items():
        if (value := values[position]) is not None:
            try:
                values[position] = read(value)
            except ValueError as error:
                raise RecordError(number, f"the column '{names[position]}': {error}") from error
    return values


def _too_long(number: int, needed: int, packet: int) -> RecordError:
    problem = (
        f"it takes a statement of {needed:,} bytes, and the server takes {packet:,}: raise its "
        "max_allowed_packet (1 GB at most; in Amazon RDS by the parameter group)"
    )
    return RecordError(number, problem)


def _binary_column(column: str) -> TaskFailed:
    return TaskFailed(
        f"The column '{column}' is binary, which is no text. Select HEX({column}), TO_BASE64({column}), or "
        f"CONVERT({column} USING utf8mb4) if it holds one.",
        error_id="BinaryColumn",
    )


@contextmanager
def _errors_as_task_failed() -> Iterator[None]:
    """Turn the driver's errors into TaskFailed."""
    try:
        yield
    except (pymysql.MySQLError, OSError) as error:
        number, problem = number_and_text(error)
        if is_lost(error):
            raise lost(problem) from error
        raise refused(f"{problem} (error {number}).") from error
