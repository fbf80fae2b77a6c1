"""Tables in PostgreSQL: reads rows from a cursor, and writes them by COPY or INSERT."""

from __future__ import annotations

import select
import socket
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from pg8000.core import COMMAND_COMPLETE, DATA_ROW, ERROR_RESPONSE
from pg8000.exceptions import DatabaseError, InterfaceError

from copying.ahead import Sized
from copying.blocks import TABS, Block, NativeBlock, bulk_text, row_blocks, rows_of
from copying.copy_messages import MessageBlock, end_of_messages
from copying.insert_query import InsertQuery
from copying.postgresql_binary import OPTIONS, BinaryForm
from copying.postgresql_copy import CopyOut
from copying.tables import BATCH_CHARACTERS, BATCH_ROWS, TablesSession, batches, lost, refused
from data_formats.bulk_text import BulkText
from data_formats.data_format import Row
from runner.outcome import TaskFailed
from runner.task import Task
from sql.names import POSTGRESQL_QUOTE, bare, quoted
from sql.postgresql import PostgreSqlSession, error_text, is_lost, position

_SETTINGS = {
    "timezone": "'UTC'",
    "datestyle": "'ISO, YMD'",
    "intervalstyle": "'postgres'",  # Other systems read signs in intervals differently.
    "extra_float_digits": "3",  # As in PostgreSQL JDBC. With 0 or less, digits are lost.
    # Nobody reads while COPY FROM is written, so that a trigger with many notices would block both sides.
    "client_min_messages": "error",
}
"""The settings of a copy's session, whatever the server's are, unless ``options`` names them."""
_SYNTAX_ERROR = "42601"
_QUERIES = (
    " selectQuery has to begin with SELECT, VALUES, WITH or TABLE; put another statement into a function."
)
_TRANSACTION = "SELECT transaction_timestamp()::text"
"""One that begins another transaction has committed this one."""
_NO_TRANSACTION = b"I"
"""PostgreSQL documentation, "Message Formats": ReadyForQuery."""
_MAX_PARAMETERS = 65_535
"""PostgreSQL documentation, "PostgreSQL Limits": query parameters."""
_INSERTS_ONLY = (
    "SELECT relkind = 'v' OR relhasrules OR relrowsecurity FROM pg_class WHERE oid = to_regclass(:name)"
)
"""COPY ignores rules, and refuses views and row-level security (PostgreSQL documentation, COPY)."""
_COLUMNS = (
    "SELECT attname, atttypid FROM pg_attribute a WHERE attrelid = to_regclass(:name) AND attnum > 0 "
    "AND NOT attisdropped AND coalesce(to_jsonb(a) ->> 'attgenerated', '') = '' ORDER BY attnum"
)
"""Without generated columns, which exist since PostgreSQL 12."""
_LOOK_BYTES = 4 * 1024 * 1024
"""Of an input with less, the error of a record always comes before one of the server."""
T = TypeVar("T", bound=Sized)
_HAS_ONLY_READ = "SELECT (txid_current_if_assigned() IS NULL)::text"
_SINCE = 10
"""The release of PostgreSQL with that function."""
_DECLARE = "DECLARE copied NO SCROLL CURSOR FOR\n"


class PostgreSqlTables(PostgreSqlSession, TablesSession):
    """Values are text in both directions, in the server's own form, so that none loses digits."""

    def _log_in(self, connection: socket.socket) -> int:
        number = super()._log_in(connection)
        self._received = 0
        self._driver.message_types[DATA_ROW] = self._take_row
        # The driver's own, which keeps the number of rows. A script's session counts statements instead.
        self._driver.message_types[COMMAND_COMPLETE] = self._driver.handle_COMMAND_COMPLETE
        self._begin()
        return number

    def _begin(self) -> None:
        self._driver.execute_simple("BEGIN")
        self._set()

    def _set(self) -> None:
        named = self.server.data.options.lower()
        settings = [f"SET LOCAL {name} = {value}" for name, value in _SETTINGS.items() if name not in named]
        # Text that a server sends or takes as it is has to be UTF-8, which `options` cannot change.
        self._driver.execute_simple("; ".join([*settings, "SET LOCAL client_encoding = 'UTF8'"]))

    def select(self, task: Task, query: str, table: str, *, portable: bool = False) -> Iterator[Row]:  # noqa: ARG002 - see MySQL
        query = query or f"SELECT * FROM {table}"  # noqa: S608 - from the definition
        self._declare(query)
        yield from self._fetched(query, portable=portable)

    def unload(self, task: Task, query: str, table: str, form: BulkText) -> Iterator[Block]:  # noqa: ARG002 - see MySQL
        return cast(Iterator[Block], self._unloaded(query, table, form, None))

    def unload_for(
        self,
        task: Task,  # noqa: ARG002 - see MySQL
        query: str,
        table: str,
        target: TablesSession,
        into: str,
    ) -> Iterator[Block | NativeBlock]:
        binary = target.binary_form(into) if isinstance(target, PostgreSqlTables) else None
        return self._unloaded(query, table, TABS, binary)

    def _unloaded(
        self, query: str, table: str, form: BulkText, binary: BinaryForm | None
    ) -> Iterator[Block | NativeBlock]:
        """``binary`` is what another session takes."""
        query = query or f"SELECT * FROM {table}"  # noqa: S608
        # Whatever is no single query is refused here, and not put into the parentheses of COPY.
        self._declare(query)
        with _errors_as_task_failed(query):
            in_binary = binary is not None and binary == self._binary_form_of_query()
            self._driver.execute_simple("SAVEPOINT declared")
            result = CopyOut(self._driver, self._wire.file)
            try:
                options = OPTIONS if in_binary else _options(form)
                columns = result.begin(f"COPY (\n{query}\n) TO STDOUT{options}")
            except DatabaseError:
                # A query that ends with a semicolon and a comment. The cursor takes it or fails.
                self._driver.execute_simple("ROLLBACK TO SAVEPOINT declared")
                yield from row_blocks(self._fetched(query))
                return
            if in_binary:
                yield from map(NativeBlock, result.messages(end_of_messages))
            else:
                for messages in result.messages():
                    yield MessageBlock(messages, columns, form)
            self._see_what_is_read()

    def _binary_form_of_query(self) -> BinaryForm | None:
        # This starts the declared query, but takes no row.
        described = self._driver.execute_simple("FETCH FORWARD 0 FROM copied")
        return BinaryForm.of(self._driver, [column["type_oid"] for column in described.columns])

    def _see_what_is_read(self) -> None:
        release, *_ = str(self._driver.parameter_statuses.get("server_version", "")).split(".")
        if release.isdecimal() and int(release) >= _SINCE:
            ((told,),) = self._driver.execute_simple(_HAS_ONLY_READ).rows
            self.has_only_read = told == "true"

    def _declare(self, query: str) -> None:
        with _errors_as_task_failed(query, before=len(_DECLARE)):
            # As a prepared statement, which the server refuses if it contains several.
            self._driver.execute_unnamed(_DECLARE + query)

    def _fetched(self, query: str, *, portable: bool = False) -> Iterator[Row]:
        """The rows of the declared cursor."""
        self._driver.pg_types = defaultdict(lambda: _unchanged, _PORTABLE if portable else {})
        count = 100
        while True:
            self._received = 0
            with _errors_as_task_failed(query):
                fetched = self._driver.execute_simple(f"FETCH FORWARD {count} FROM copied")
            rows = fetched.rows
            if not rows:
                with _errors_as_task_failed(query):
                    self._see_what_is_read()
                return
            if portable:
                _refuse_binary(fetched.columns)
            yield from rows
            # As many rows as fit, whatever their length.
            count = min(BATCH_ROWS * 10, max(1, BATCH_CHARACTERS * len(rows) // max(1, self._received)))

    def create(self, task: Task, statement: str) -> bool:  # noqa: ARG002 - it runs in this session
        with _errors_as_task_failed(statement):
            before = self._driver.run(_TRANSACTION)
            self._driver.execute_simple(statement)
            if self._driver._transaction_status == _NO_TRANSACTION:
                self._begin()
                return True
            # What it sets, as dumps do, is not meant for the copy.
            self._set()
            return bool(self._driver.run(_TRANSACTION) != before)

    def insert(self, query: InsertQuery, rows: Iterable[Row], table: str) -> int:  # noqa: ARG002 - see MySQL
        most = max(1, min(BATCH_ROWS, _MAX_PARAMETERS // query.columns)) if query.repeatable else 1
        statement = query.for_postgresql(most)
        inserted = 0
        with _errors_as_task_failed(statement):
            prepared, columns, functions = self._driver.prepare_statement(statement, ())
            for batch in batches(rows, query.columns, most):
                values = [value for row in batch for value in row]
                if len(batch) == most:
                    self._driver.execute_named(prepared, values, columns, functions, statement)
                else:
                    self._driver.execute_unnamed(query.for_postgresql(len(batch)), values)
                inserted += len(batch)
        return inserted

    def column(self, name: str) -> str:
        found = bare(name)
        if found == name:
            # As the server folds a name without quotes (PostgreSQL documentation, "Identifiers").
            found = "".join(character.lower() if character.isascii() else character for character in name)
        return quoted(found, POSTGRESQL_QUOTE)

    def load(
        self, table: str, names: Sequence[str], blocks: Iterable[Block], columns: int, form: BulkText
    ) -> int:
        if self._takes_inserts_only(table):
            names = names or self._columns(table)
            return self.insert(InsertQuery.into(table, tuple(names), len(names)), rows_of(blocks), table)
        listed = f" ({', '.join(names)})" if names else ""
        statement = f"COPY {table}{listed} FROM STDIN{_options(form)}"

        def others() -> Iterator[Block]:
            for block in self._unless_refused(blocks):
                if isinstance(block, MessageBlock) and block.columns == columns:
                    # What the driver would send, but for the lengths of the messages.
                    self._wire.file.write(block.messages)
                else:
                    yield block

        with _errors_as_task_failed(statement):
            texts = (text for text, _ in bulk_text(others(), columns))
            return int(self._driver.execute_unnamed(statement, stream=texts).row_count)

    def binary_form(self, table: str) -> BinaryForm | None:
        """The form of rows that COPY takes in binary for all columns of the table. Raises TaskFailed."""
        if self._takes_inserts_only(table):
            return None
        return BinaryForm.of(self._driver, [oid for _, oid in self._asked(_COLUMNS, table)])

    def load_native(self, table: str, blocks: Iterable[NativeBlock]) -> int:
        statement = f"COPY {table} FROM STDIN{OPTIONS}"

        def written() -> Iterator[bytes]:
            for block in self._unless_refused(blocks):
                self._wire.file.write(block.data)
            yield from ()

        with _errors_as_task_failed(statement):
            return int(self._driver.execute_unnamed(statement, stream=written()).row_count)

    def _unless_refused(self, blocks: Iterable[T]) -> Iterator[T]:
        """The blocks, until the server has sent the error of the COPY that takes them.

        It ignores what comes after its error (PostgreSQL documentation, "COPY Operations"), which the driver
        reads only at the end: of a large input, after the time is up.
        """
        sent = 0
        for block in blocks:
            if sent >= _LOOK_BYTES:
                sent = 0
                readable, _, _ = select.select([self._wire], (), (), 0)
                if readable and self._wire.file.peek(1)[:1] == ERROR_RESPONSE:
                    return
            sent += block.size
            yield block

    def _takes_inserts_only(self, table: str) -> bool:
        found = self._asked(_INSERTS_ONLY, table)
        return bool(found and found[0][0])

    def _columns(self, table: str) -> list[str]:
        """The columns that COPY fills, in order. INSERT would silently accept fewer values."""
        return [quoted(name, POSTGRESQL_QUOTE) for name, _ in self._asked(_COLUMNS, table)]

    def _asked(self, query: str, table: str) -> list[Any]:
        with _errors_as_task_failed(query):
            self._driver.execute_simple("SAVEPOINT asked")
            try:
                return list(self._driver.run(query, name=table))
            except DatabaseError:  # It is not just a name. If it is wrong, COPY gives the error.
                self._driver.execute_simple("ROLLBACK TO SAVEPOINT asked")
                return []

    def commit(self) -> None:
        with _errors_as_task_failed("COMMIT"):
            self._driver.execute_simple("COMMIT")

    def roll_back(self) -> list[str]:
        return []  # The end of the session does it: the session may be in the middle of a COPY.

    def _take_row(self, data: bytes, context: Any) -> None:
        self._received += len(data)
        self._driver.handle_DATA_ROW(data, context)


def _options(form: BulkText) -> str:
    """The options of COPY for a form that is not its default."""
    return "" if form == TABS else f" (DELIMITER E'\\x{form.separator.hex()}')"


def _unchanged(value: str) -> str:
    return value


def _in_utc(value: str) -> str:
    """A time without its time zone, which is UTC, the session's."""
    return value.removesuffix("+00")


_BYTEA = 17
_PORTABLE = {
    16: {"t": "1", "f": "0"}.__getitem__,  # boolean
    1184: _in_utc,  # timestamptz
    1266: _in_utc,  # timetz
    1560: lambda value: str(int(value, 2)),  # bit
    1562: lambda value: str(int(value or "0", 2)),  # varbit
}
"""Conversions to values that MySQL reads, by the OIDs of the types (PostgreSQL's pg_type)."""


def _refuse_binary(columns: Iterable[Any]) -> None:
    for column in columns:
        if column["type_oid"] == _BYTEA:
            raise TaskFailed(
                f"The column '{column['name']}' is binary (bytea), which is no text. Select "
                f"encode({column['name']}, 'hex'), and decode it with UNHEX(?) in insertQuery.",
                error_id="BinaryColumn",
            )


@contextmanager
def _errors_as_task_failed(statement: str, before: int = 0) -> Iterator[None]:
    """Turn errors into TaskFailed. ``before`` is the length of the text sent before the statement."""
    try:
        yield
    except DatabaseError as error:
        fields = dict(error.args[0])
        fields["P"] = str(max(0, position(fields) - before))
        where = f" {fields['W']}" if "W" in fields else ""
        # A syntax error at the first word of a selectQuery, for which a cursor was declared.
        first = before and fields["P"] == "1" and fields.get("C") == _SYNTAX_ERROR
        raise refused(error_text(fields, statement) + where + (_QUERIES if first else "")) from error
    except (InterfaceError, OSError) as error:
        raise lost(error) if is_lost(error) else refused(f"{error}.") from error
