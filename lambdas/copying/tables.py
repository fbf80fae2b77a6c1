"""What a copy does in a database, in one transaction."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from copying.insert_query import InsertQuery
from data_formats.data_format import RecordError, Row
from runner.outcome import TaskFailed
from runner.task import Task
from sql.errors import connection_lost
from sql.session import Session

BATCH_ROWS = 1000
BATCH_CHARACTERS = 1024 * 1024


class Tables(Protocol):
    """A session in a transaction that begins with it. All methods raise TaskFailed, and block."""

    @abstractmethod
    def select(self, task: Task, query: str, table: str, *, portable: bool = False) -> Iterator[Row]:
        """The rows of a query as text, or without one of the table; few are in memory at a time.

        ``portable``: in forms that databases of other engines read.
        """
        ...

    @abstractmethod
    def create(self, task: Task, statement: str) -> bool:
        """Run the statements that make a table; returns whether anything of it is committed by that."""
        ...

    @abstractmethod
    def insert(self, query: InsertQuery, rows: Iterable[Row], table: str) -> int:
        """Insert the rows, in batches; returns how many. ``table`` is what the node names."""
        ...

    @abstractmethod
    def column(self, name: str) -> str:
        """The name as statements have it: in quotes, since it may be a word of SQL."""
        ...

    @abstractmethod
    def load(self, table: str, names: Sequence[str], rows: Iterable[Row], columns: int) -> int:
        """Insert rows of so many columns into these, as ``column`` gives them, or all; returns how many."""
        ...

    @abstractmethod
    def commit(self) -> None:
        """Make all of it last."""
        ...

    @abstractmethod
    def roll_back(self) -> list[str]:
        """Undo all of it before the session is closed; returns what stays all the same."""
        ...


class TablesSession(Session, Tables):
    """Both in one."""

    commits_in_procedures = False
    """Whether a procedure may commit what is done in the session's transaction."""

    def in_utc(self) -> None:
        """Read and write times of the other engine in UTC, unless the user names a zone of the session's.

        MySQL's session keeps the server's time zone otherwise: drivers do not set it (MySQL Connector/J,
        "Preserving Time Instants": unless ``forceConnectionTimeZoneToSession`` is true). Raises TaskFailed.
        """


def characters(row: Row) -> int:
    """How long a row is."""
    return sum([len(value) for value in row if value])


def batches(
    rows: Iterable[Row],
    columns: int,
    most: int = BATCH_ROWS,
    size: Callable[[Row], int] = characters,
    room: int = BATCH_CHARACTERS,
) -> Iterator[list[Row]]:
    """The rows by the ``most``, or fewer if there is no ``room`` for them, but each at least alone.

    Raises RecordError unless each has ``columns``.
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
