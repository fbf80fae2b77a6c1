"""Failures of a task whose database does not do what it asks."""

from __future__ import annotations

from runner.outcome import TaskFailed
from sql.server import Server


def login_failed(server: Server, problem: object) -> TaskFailed:
    """The server refused the user or the password."""
    return TaskFailed(
        f"{server.host}:{server.port} refuses the user '{server.credentials.username}': {problem}. Check "
        "username and password; a password of Secrets Manager is named with 'myPasswordSecretArn'.",
        error_id="LoginFailed",
    )


def connection_failed(server: Server, problem: object) -> TaskFailed:
    """A session could not be opened for any other reason."""
    return TaskFailed(
        f"No session on {server.host}:{server.port} (database '{server.database}', TLS {server.tls.value}): "
        f"{problem}. How TLS is used is set with sslmode in 'jdbcProperties'.",
        error_id="ConnectionFailed",
    )


def connection_lost(problem: object, *, during: str, left: str) -> TaskFailed:
    """The session ended before its work did. ``left`` is a sentence on what may remain in the tables."""
    return TaskFailed(
        f"The connection to the database was lost while {during}: {problem}. {left}",
        error_id="ConnectionLost",
    )


def script_interrupted(problem: object, left: str) -> TaskFailed:
    """The session ended while a script ran. ``left`` is a sentence on what remains of the script."""
    committed = "If the server was just committing, its tables tell whether it did."
    return connection_lost(problem, during="the script ran", left=f"{left} {committed}")


def statement_failed(number: int, problem: str, left: str) -> TaskFailed:
    """The server refused a statement of a script.

    ``number`` counts from 1. ``left`` is a sentence on what remains of the script.
    """
    return TaskFailed(
        f"Statement {number} of the script failed: {problem} {left}", error_id="StatementFailed"
    )


def table_not_checked(name: str, problem: object) -> TaskFailed:
    """It could not be determined whether a table exists."""
    return TaskFailed(
        f"Whether the table {name} is there could not be found out: {str(problem).rstrip('.')}.",
        error_id="TableNotChecked",
    )
