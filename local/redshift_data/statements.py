"""Runs statements: those of a request in turn, and each request in its own thread and session."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from local.redshift_data.errors import ResourceNotFoundError, StatementError, ValidationError
from local.redshift_data.s3_copy import run_copy
from local.redshift_data.s3_unload import run_unload
from local.redshift_data.sql_words import first_word, folded
from local.redshift_data.table_definitions import for_postgresql

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Connect = Callable[[str], Connection]
"""(name of a database) -> a session on it."""

NewS3 = Callable[[], "S3Client"]
"""Creates a client for the Amazon S3 that COPY and UNLOAD use."""

_FOR_REDSHIFT_ALONE = re.compile(r"\s*SET\s+query_group\b", re.IGNORECASE)
"""A setting that PostgreSQL lacks and that changes no result."""

_OF_S3 = {"COPY": run_copy, "UNLOAD": run_unload}
"""Statements that PostgreSQL lacks: they move rows between the session and Amazon S3."""


@dataclass
class Part:
    """One SQL statement of a request."""

    sql: str
    status: str = "SUBMITTED"
    error: str = ""
    began: float = 0.0
    ended: float = 0.0


@dataclass
class Statement:
    """One request."""

    request: dict[str, Any]
    parts: list[Part]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: float = field(default_factory=time.time)
    status: str = "SUBMITTED"
    error: str = ""
    updated: float = field(default_factory=time.time)
    process: int = 0
    """The session's process at PostgreSQL."""
    canceled: bool = False
    rows: list[list[Any]] | None = None
    """The result of the last part; None if it returns no rows."""


class _CanceledError(Exception):
    """Raised between two parts."""

    def __str__(self) -> str:
        return "Query canceled"


class Statements:
    """All statements that were started. Thread-safe."""

    def __init__(self, connect: Connect, new_s3: NewS3) -> None:
        self._connect = connect
        self._new_s3 = new_s3
        self._by_id: dict[str, Statement] = {}

    def start(self, request: dict[str, Any], sqls: Sequence[str]) -> Statement:
        """Start a request's statements and return at once. A known token does not run again."""
        token = request.get("ClientToken")
        for known in self._by_id.values():
            if token and known.request.get("ClientToken") == token:
                return known
        statement = Statement(request, [Part(sql) for sql in sqls])
        self._by_id[statement.id] = statement
        threading.Thread(target=self._run, args=(statement,), name="redshift-data", daemon=True).start()
        return statement

    def all(self) -> list[Statement]:
        """All statements, in the order of their start."""
        return list(self._by_id.values())

    def find(self, statement_id: str) -> Statement:
        """The statement with this id, or with a part of this id. Raises ResourceNotFoundError."""
        statement = self._by_id.get(statement_id.partition(":")[0])
        if statement is None:
            raise ResourceNotFoundError("Query does not exist.", statement_id)
        return statement

    def cancel(self, statement_id: str) -> None:
        """Cancel a running statement. Raises ResourceNotFoundError, and ValidationError if it has ended."""
        statement = self.find(statement_id)
        if statement.status in {"FINISHED", "FAILED", "ABORTED"}:
            raise ValidationError(
                f"Could not cancel a query that is already in {statement.status} state: {statement.id}"
            )
        statement.canceled = True
        if statement.process:
            with self._connect(statement.request["Database"]) as other:
                other.run(f"SELECT pg_cancel_backend({statement.process})")

    def _run(self, statement: Statement) -> None:
        try:
            with self._connect(statement.request["Database"]) as session:
                # As in Amazon Redshift, a backslash in quotes escapes the next character.
                session.run("SET standard_conforming_strings = off")
                session.run("SET escape_string_warning = off")
                session.run("SET TIME ZONE 'UTC'")
                statement.process = session.run("SELECT pg_backend_pid()")[0][0]
                self._note(statement, "STARTED")
                # A batch is one transaction. So is a single statement that takes several at PostgreSQL.
                whole = len(statement.parts) > 1 or first_word(statement.parts[0].sql) in _OF_S3
                if whole:
                    session.run("BEGIN")
                for part in statement.parts:
                    _go_on(statement)
                    self._run_part(session, statement, part)
                if whole:
                    session.run("COMMIT")
        except (DatabaseError, StatementError) as error:
            statement.error = _text(error)
        except Exception as error:
            statement.error = str(error)
        statement.process = 0
        for part in statement.parts:
            if part.status in {"SUBMITTED", "STARTED"}:
                part.status = "ABORTED"
        ended = "ABORTED" if statement.canceled else "FAILED"
        self._note(statement, ended if statement.error else "FINISHED")

    def _run_part(self, session: Connection, statement: Statement, part: Part) -> None:
        """Raises DatabaseError, StatementError."""
        part.began, part.status = time.time(), "STARTED"
        statement.rows = None
        try:
            sql = folded(part.sql)
            if of_s3 := _OF_S3.get(first_word(sql)):
                of_s3(session, self._new_s3, sql)
            elif not _FOR_REDSHIFT_ALONE.match(sql):
                rows = session.run(for_postgresql(sql))
                statement.rows = rows if session.columns else None
            part.status = "FINISHED"
        except (DatabaseError, StatementError) as error:
            part.status, part.error = ("ABORTED" if statement.canceled else "FAILED"), _text(error)
            raise
        finally:
            part.ended = time.time()

    def _note(self, statement: Statement, status: str) -> None:
        statement.updated = time.time()
        statement.status = status


def _go_on(statement: Statement) -> None:
    if statement.canceled:
        raise _CanceledError


def _text(error: DatabaseError | StatementError) -> str:
    """As Redshift words it: ``ERROR: relation "x" does not exist``, and the position on the next line."""
    if isinstance(error, StatementError):
        return f"ERROR: {error}"
    said = error.args[0]
    place = f"\n  Position: {said['P']}" if said.get("P") else ""
    return f"{said.get('S', 'ERROR')}: {said.get('M', '')}{place}"
