"""The interface of a copy to a database: everything happens in one transaction."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from copying.blocks import TABS, Block, NativeBlock, row_blocks
from copying.insert_query import InsertQuery
from data_formats.bulk_text import BulkText
from data_formats.data_format import RecordError, Row
from runner.outcome import TaskFailed
from runner.task import Task
from sql.errors import connection_lost
from sql.session import Session

BATCH_ROWS = 1000
BATCH_CHARACTERS = 1024 * 1024


class Tables(Protocol):
    """A session with one transaction. All methods block, and raise TaskFailed."""

    @abstractmethod
    def select(self, task: Task, query: str, table: str, *, portable: bool = False) -> Iterator[Row]:
        """The rows of the query as text; of the table if the query is empty. Few are in memory at a time.

        ``portable``: in forms that other database engines can read.
        """
        ...

    @abstractmethod
    def create(self, task: Task, statement: str) -> bool:
        """Run the statements that create a table. Returns whether that commits anything."""
        ...

    @abstractmethod
    def insert(self, query: InsertQuery, rows: Iterable[Row], table: str) -> int:
        """Insert the rows in batches. Returns how many. ``table`` is the node's table."""
        ...

    @abstractmethod
    def column(self, name: str) -> str:
        """The name for use in statements: quoted, because it may be an SQL keyword."""
        ...

    @abstractmethod
    def load(
        self, table: str, names: Sequence[str], blocks: Iterable[Block], columns: int, form: BulkText
    ) -> int:
        """Insert the records of the blocks, which have ``columns`` columns and this form. Returns how many.

        ``names`` are the columns, as returned by ``column``; empty for all columns of the table.
        """
        ...

    @abstractmethod
    def commit(self) -> None:
        """Commit the transaction."""
        ...

    @abstractmethod
    def roll_back(self) -> list[str]:
        """Roll back before the session is closed. Returns what cannot be rolled back."""
        ...


class TablesSession(Session, Tables):
    """A session with the interface of a copy."""

    def unload(self, task: Task, query: str, table: str, form: BulkText) -> Iterator[Block]:  # noqa: ARG002
        """As ``select``, in blocks. If they have a text, it has this form. Raises TaskFailed."""
        yield from row_blocks(self.select(task, query, table))

    def unload_for(
        self,
        task: Task,
        query: str,
        table: str,
        target: TablesSession,  # noqa: ARG002 - see PostgreSQL
        into: str,  # noqa: ARG002
    ) -> Iterator[Block | NativeBlock]:
        """The same for the table ``into`` of ``target``, which has this engine. Raises TaskFailed."""
        return self.unload(task, query, table, TABS)

    def load_native(self, table: str, blocks: Iterable[NativeBlock]) -> int:
        """Insert what ``unload_for`` has made for this session. Returns how many rows. Raises TaskFailed."""
        raise NotImplementedError

    has_only_read = False
    """Whether the query, once all its rows are read, is known to have changed nothing in this session."""

    commits_in_procedures = False
    """Whether a procedure may commit the session's transaction."""

    def in_utc(self) -> None:
        """Use UTC for times exchanged with another engine, unless the user sets the session's time zone.

        Otherwise a session on MySQL keeps the server's time zone, because drivers do not set it (MySQL
        Connector/J, "Preserving Time Instants": unless ``forceConnectionTimeZoneToSession`` is true). Raises
        TaskFailed.
        """


def characters(row: Row) -> int:
    """The number of characters in a row."""
    return sum([len(value) for value in row if value])


def batches(
    rows: Iterable[Row],
    columns: int,
    most: int = BATCH_ROWS,
    size: Callable[[Row], int] = characters,
    room: int = BATCH_CHARACTERS,
) -> Iterator[list[Row]]:
    """Batches of up to ``most`` rows that fit into ``room``. A row that is larger is a batch by itself.

    Raises RecordError for a row that does not have ``columns`` columns.
    """
    batch: list[Row] = []
    left = room
    for number, row in enumerate(rows, 1):
        if len(row) != columns:
            problem = f"it has {len(row)} columns, and {columns} are inserted"
            raise RecordError(number, problem)
        needed = size(row)
        if batch and (needed > left or len(batch) >= most):
            yield batch
            batch = []
            left = room
        batch.append(row)
        left -= needed
    if batch:
        yield batch


def refused(problem: str) -> TaskFailed:
    """The server refused a statement of the copy."""
    return TaskFailed(f"The database refused the copy: {problem}", error_id="StatementFailed")


def lost(problem: object) -> TaskFailed:
    """The session ended while data was copied."""
    return connection_lost(
        problem,
        during="data was copied",
        left="The server rolls back what was not committed, in tables with transactions; if it was just "
        "committing, its tables tell whether it did.",
    )
