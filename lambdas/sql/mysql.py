"""Sessions on MySQL and MariaDB, with PyMySQL."""

from __future__ import annotations

import socket

import pymysql
from pymysql.constants import CLIENT, CR, ER
from pymysql.cursors import SSCursor

from runner.outcome import TaskFailed
from sql.errors import (
    connection_failed,
    login_failed,
    script_interrupted,
    statement_failed,
    table_not_checked,
)
from sql.names import MYSQL_QUOTE, parts, quoted
from sql.session import Session
from sql.tls import Tls, ssl_context
from sql.wire import PlainWire, TlsWire, keep

_REFUSED = {ER.ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR}
_NOT_THERE = {ER.NO_SUCH_TABLE, ER.BAD_DB_ERROR, ER.WRONG_TABLE_NAME}
_LOST = {CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, 0}
"""0: the driver finds that the connection is closed."""

_LEFT = (
    "The script is rolled back, except for what it committed itself, also by a statement that does so, such "
    "as CREATE or TRUNCATE, and for rows in tables without transactions, such as MyISAM."
)


class MySqlSession(Session):
    """The server splits scripts into statements. Rows are read one by one, and autocommit is off."""

    _flags = CLIENT.MULTI_STATEMENTS

    def _log_in(self, connection: socket.socket) -> int:
        server = self.server
        self._driver = pymysql.Connection(
            host=server.host,
            port=server.port,
            user=server.credentials.username,
            # The driver would encode it in Latin-1. The server expects UTF-8, as for the user's name.
            password=server.credentials.password.encode(),
            database=server.database or None,
            charset="utf8mb4",
            autocommit=False,
            client_flag=self._flags,
            cursorclass=SSCursor,
            program_name="data-pipeline-task-runner",
            ssl_disabled=server.tls is Tls.DISABLE,
            ssl=None if server.tls in {Tls.DISABLE, Tls.PREFER} else ssl_context(server.tls),
            defer_connect=True,
        )
        self._wire: PlainWire | TlsWire = PlainWire.of(connection)
        if server.tls is not Tls.DISABLE:
            context = ssl_context(server.tls)
            keep(context, self._keep)
            self._driver.ctx = context  # type: ignore[attr-defined] # The stubs lack it.
        self._driver.connect(self._wire)
        self._set_up()
        return int(self._driver.thread_id())  # type: ignore[no-untyped-call]

    def _keep(self, wire: TlsWire) -> None:
        self._wire = wire

    def _set_up(self) -> None:
        """Set what MySQL Connector/J sets: a strict mode (jdbcCompliantTruncation), and ``sessionVariables``.

        Without a strict mode, the server truncates values that do not fit.
        """
        with self._driver.cursor() as cursor:
            if self.server.data.strict:
                cursor.execute("SET sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')")
            if self.server.data.variables:
                cursor.execute(f"SET {self.server.data.variables}")

    def _login_failure(self, error: Exception) -> TaskFailed:
        number, problem = number_and_text(error)
        return (login_failed if number in _REFUSED else connection_failed)(self.server, problem)

    def run(self, script: str) -> int:
        completed = 0
        try:
            cursor = self._driver.cursor()
            try:
                cursor.execute(script)
                for _ in cursor.fetchall_unbuffered():
                    pass
                completed = 1
                while cursor.nextset():
                    for _ in cursor.fetchall_unbuffered():
                        pass
                    completed += 1
            except pymysql.MySQLError as error:
                # The rest of the script, or all of it, consists of comments.
                if number_and_text(error)[0] != ER.EMPTY_QUERY:
                    raise
            self._driver.commit()
        except (pymysql.MySQLError, OSError) as error:
            raise _failure(error, completed + 1) from error
        return completed

    def table_exists(self, table: str, schema: str) -> bool:
        # information_schema does not list tables that the user may not see: they would seem to be missing.
        name = f"{schema}.{table}" if schema else table
        found = parts(name, MYSQL_QUOTE)
        listed = ".".join(quoted(part, MYSQL_QUOTE) for part in found or [name])
        try:
            with self._driver.cursor() as cursor:
                cursor.execute(f"SHOW COLUMNS FROM {listed}")
                cursor.fetchall()
        except (pymysql.MySQLError, OSError) as error:
            code, problem = number_and_text(error)
            if code in _NOT_THERE:
                return False
            if code == ER.VIEW_INVALID:
                return True
            raise table_not_checked(name, f"{problem} (error {code})") from error
        return True

    def _end_session(self, number: int) -> None:
        self._driver.kill(number)  # type: ignore[no-untyped-call]

    def _close(self) -> None:
        self._driver.close()


def _failure(error: Exception, number: int) -> TaskFailed:
    """The failure for an error in a statement; ``number`` counts from 1."""
    code, problem = number_and_text(error)
    if is_lost(error):
        return script_interrupted(problem, _LEFT)
    return statement_failed(number, f"{problem} (error {code}).", _LEFT)


def is_lost(error: Exception) -> bool:
    """Whether the error means that the connection is gone."""
    return isinstance(error, OSError | pymysql.InterfaceError) or number_and_text(error)[0] in _LOST


def number_and_text(error: Exception) -> tuple[int, str]:
    """MySQL's error number and text; the number is 0 for any other error."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    return number, str(error.args[1]) if len(error.args) > 1 else str(error)
