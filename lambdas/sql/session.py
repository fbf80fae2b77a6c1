"""A session on a database server. It runs scripts, and another thread can end it."""

from __future__ import annotations

import contextlib
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator

from runner.outcome import TaskFailed
from runner.task import Task
from sql.server import Server

CONNECT_SECONDS = 15.0
"""The time to reach the server, and the same again to log in."""

_END_SECONDS = 3.0
"""The same to end a session: HandlerTimeout leaves 10 s before Lambda kills the function."""


class Session(ABC):
    """A connection. ``run`` blocks. Any thread may call ``end``, which makes ``run`` return soon."""

    def __init__(self, server: Server, patience: float) -> None:
        """Raises TaskFailed if the server cannot be reached, or refuses the login."""
        self.server = server
        try:
            connection = socket.create_connection((server.host, server.port), timeout=patience)
        except OSError as error:
            raise TaskFailed(
                f"{server.host}:{server.port} could not be reached: {error}. The function has to be in a "
                "VPC, subnets and security groups that let it.",
                error_id="DatabaseNotReached",
            ) from error
        connection.settimeout(None)
        # Drivers set it too. Without it, the end of a long statement waits for an acknowledgement.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _keep_alive(connection)
        # We must not touch the driver's own socket, which is another object with TLS.
        self._socket = connection.dup()
        try:
            with self._no_longer_than(patience):
                self._id = self._log_in(connection)
        except BaseException as error:
            connection.close()
            self._socket.close()
            if isinstance(error, Exception):
                raise self._login_failure(error) from error
            raise

    @abstractmethod
    def _log_in(self, connection: socket.socket) -> int:
        """Pass the connection to the driver. Returns the server's number for the session."""

    @abstractmethod
    def _login_failure(self, error: Exception) -> TaskFailed:
        """The failure for an error while logging in."""

    @abstractmethod
    def run(self, script: str) -> int:
        """Run all statements of ``script`` and discard their rows. Returns the number of statements.

        The server splits the script. Unless the script itself ends transactions, all of it is one
        transaction: committed after the last statement, rolled back if one fails. Raises TaskFailed.
        """

    @abstractmethod
    def table_exists(self, table: str, schema: str) -> bool:
        """Whether the table or view exists. An empty schema means the session's own.

        Both are SQL text: quoted if necessary, and ``table`` may be qualified. Raises TaskFailed.
        """

    @abstractmethod
    def _end_session(self, number: int) -> None:
        """Make the server end another session of the same user, and the statement that it runs."""

    @abstractmethod
    def _close(self) -> None:
        """Close the driver's connection. May raise any exception."""

    def end(self) -> None:
        """End the session, and the statement that it runs at the server. Takes at most a few seconds."""
        with (
            contextlib.suppress(Exception),
            contextlib.closing(type(self)(self.server, _END_SECONDS)) as other,
            other._no_longer_than(_END_SECONDS),
        ):
            other._end_session(self._id)
        # Even if that failed, the thread that waits for the server has to continue.
        self.disconnect()

    def close(self) -> None:
        """Close the connection. The server rolls back what is not committed."""
        with contextlib.suppress(Exception):
            self._close()
        self._socket.close()

    @contextlib.contextmanager
    def _no_longer_than(self, seconds: float) -> Iterator[None]:
        """Shut down the connection if the block takes longer. The driver then raises some exception."""
        timer = threading.Timer(seconds, self.disconnect)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def disconnect(self) -> None:
        """Make a thread that waits for the server continue, with an error."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def ended_with(task: Task, session: Session) -> Iterator[None]:
    """Close the session after the block. End it at once if the task is canceled, or its time is up."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            if task.wait(0.2):
                session.end()
                return

    watcher = threading.Thread(target=watch, name="sql-cancel", daemon=True)
    watcher.start()
    try:
        yield
    except Exception:
        raise
    except BaseException:  # HandlerTimeout. Closing alone would leave the statement running at the server.
        session.end()
        raise
    finally:
        over.set()
        session.close()


def _keep_alive(connection: socket.socket) -> None:
    """Send a probe every minute: NAT gateways and load balancers drop connections after 350 s of silence."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}.items():
        if hasattr(socket, name):  # Not on macOS, where tests may run.
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
