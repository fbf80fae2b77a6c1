"""Sessions on PostgreSQL, with pg8000."""

from __future__ import annotations

import socket
import struct
from typing import Any

from pg8000.core import COMMAND_COMPLETE, DATA_ROW
from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection
from scramp.utils import ScramException, saslprep

from runner.outcome import TaskFailed
from sql.errors import (
    connection_failed,
    login_failed,
    script_interrupted,
    statement_failed,
    table_not_checked,
)
from sql.session import Session
from sql.tls import Tls, ssl_context
from sql.wire import PlainWire, TlsWire

_SSL_REQUEST = struct.pack("!ii", 8, 80_877_103)
"""PostgreSQL documentation, "Message Formats"."""

_LOST = {"network error", "connection is closed"}
"""pg8000's messages. Its other errors of this class concern COPY without a stream."""

_LEFT = "The script is rolled back, except for what it committed itself."

_IS_TABLE = (
    "SELECT EXISTS (SELECT FROM pg_class "
    "WHERE oid = to_regclass(:name) AND relkind IN ('r', 'v', 'm', 'f', 'p'))"
)
"""PostgreSQL documentation, pg_class: tables, views, materialized views, foreign and partitioned tables."""

_SASL = b"\0\0\0\x0a"
"""AuthenticationSASL (PostgreSQL documentation, "Message Formats")."""


class _Driver(Connection):  # type: ignore[misc]
    """The driver, which handles names and passwords as PostgreSQL's own client does.

    PostgreSQL documentation, "SASL Authentication": the server ignores the name in the SCRAM messages,
    because it knows the name from the session, and it uses a password that SASLprep refuses unchanged. The
    driver by itself would refuse both, for example an emoji.
    """

    user: bytes
    password: bytes

    def handle_AUTHENTICATION_REQUEST(self, data: bytes, context: Any) -> None:  # noqa: N802 - the driver's
        if not data.startswith(_SASL):
            super().handle_AUTHENTICATION_REQUEST(data, context)
            return
        user, password = self.user, self.password
        self.user = self.password = b"-"
        try:
            super().handle_AUTHENTICATION_REQUEST(data, context)
        finally:
            self.user, self.password = user, password
        self.auth.password = prepared(password.decode())

    def handle_messages(self, context: Any) -> None:
        try:
            super().handle_messages(context)
        except (InterfaceError, OSError) as error:
            raise (session_ended(context.error) if context.error else error) from error


def session_ended(error: DatabaseError) -> OSError:
    """What becomes of an error after which the server closes the connection: with its reason."""
    return ConnectionAbortedError(error_text(error.args[0], "").rstrip("."))


def prepared(password: str) -> bytes:
    """The password as SCRAM uses it (RFC 5802, with PostgreSQL's exceptions)."""
    if password.isascii():
        return password.encode()
    try:
        return (saslprep(password) or password).encode()
    except ScramException:
        return password.encode()


class PostgreSqlSession(Session):
    """Runs a script as one simple query, which the server executes as one transaction.

    PostgreSQL documentation, "Multiple Statements in a Simple Query".
    """

    def _log_in(self, connection: socket.socket) -> int:
        server = self.server
        self._completed = 0
        self._wire = _wire(connection, server.tls, server.host)
        self._driver = _Driver(
            server.credentials.username,
            host=server.host,
            sock=self._wire,
            database=server.database or None,
            password=server.credentials.password,
            ssl_context=False,  # The wire has it.
            application_name="data-pipeline-task-runner",
            startup_params={
                # The default is the database's encoding, which cannot represent every text.
                "client_encoding": "UTF8",
                **({"search_path": server.data.schema} if server.data.schema else {}),
                **({"options": server.data.options} if server.data.options else {}),
            },
        )
        self._driver.message_types[COMMAND_COMPLETE] = self._count
        ((number,),) = self._driver.run("SELECT pg_backend_pid()")
        return int(number)

    def _login_failure(self, error: Exception) -> TaskFailed:
        if isinstance(error, DatabaseError):
            fields = error.args[0]
            # PostgreSQL documentation, error codes: class 28, invalid authorization specification.
            refuse = login_failed if str(fields.get("C", "")).startswith("28") else connection_failed
            return refuse(self.server, fields.get("M", ""))
        return connection_failed(self.server, error)

    def run(self, script: str) -> int:
        self._completed = 0
        handlers = self._driver.message_types
        # The driver would keep all rows in memory until the script ends.
        self._driver.message_types = {**handlers, DATA_ROW: lambda _data, _context: None}
        try:
            self._driver.execute_simple(script)
            count = self._completed
            self._driver.execute_simple("COMMIT")
        except (DatabaseError, InterfaceError, OSError) as error:
            raise _failure(error, self._completed + 1, script) from error
        finally:
            self._driver.message_types = handlers
        return count

    def table_exists(self, table: str, schema: str) -> bool:
        name = f"{schema}.{table}" if schema else table
        try:
            ((found,),) = self._driver.run(_IS_TABLE, name=name)
        except DatabaseError as error:
            raise table_not_checked(name, error_text(error.args[0], "")) from error
        except (InterfaceError, OSError) as error:
            raise table_not_checked(name, error) from error
        return bool(found)

    def _end_session(self, number: int) -> None:
        self._driver.execute_simple(f"SELECT pg_terminate_backend({number})")

    def _close(self) -> None:
        self._driver.close()

    def _count(self, _data: bytes, _context: Any) -> None:
        self._completed += 1


def _wire(connection: socket.socket, tls: Tls, host: str) -> PlainWire | TlsWire:
    """The connection, with TLS as the mode says (PostgreSQL documentation, "SSL Session Encryption").

    Raises OSError, and InterfaceError if the server does not support TLS, and the mode needs it.
    """
    if tls is Tls.DISABLE:
        return PlainWire.of(connection)
    connection.sendall(_SSL_REQUEST)
    if connection.recv(1) == b"S":
        context = ssl_context(tls)
        context.sslsocket_class = TlsWire
        wire = context.wrap_socket(connection, server_hostname=host)
        assert isinstance(wire, TlsWire)  # noqa: S101 - for mypy
        return wire
    if tls is not Tls.PREFER:
        raise InterfaceError("Server refuses SSL")
    return PlainWire.of(connection)


def _failure(error: Exception, number: int, script: str) -> TaskFailed:
    """The failure for an error in a statement; ``number`` counts from 1."""
    if isinstance(error, DatabaseError):
        return statement_failed(number, error_text(error.args[0], script), _LEFT)
    if is_lost(error):
        return script_interrupted(error, _LEFT)
    return statement_failed(number, f"{error}.", _LEFT)


def is_lost(error: Exception) -> bool:
    """Whether the error means that the connection is gone."""
    return isinstance(error, OSError) or str(error) in _LOST


def position(fields: dict[str, str]) -> int:
    """The position of an error in the script, counted from 1; 0 if it is unknown."""
    text = fields.get("P", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def error_text(fields: dict[str, str], script: str) -> str:
    """An error's message, code, position in the script, detail and hint.

    PostgreSQL documentation, "Error and Notice Message Fields".
    """
    message = f"{fields.get('M', 'unknown error')} (SQLSTATE {fields.get('C', 'unknown')})"
    if place := position(fields):
        before = script[: place - 1]
        message += f", at line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"
    rest = [fields[key] for key in ("D", "H") if fields.get(key)]
    return " ".join([f"{message}.", *rest])
