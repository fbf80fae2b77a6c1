"""A session on a database server, that runs scripts and can be ended from another thread."""

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
"""For reaching the server, and again for logging in."""

_END_SECONDS = 3.0
"""The same when a session is to be ended: HandlerTimeout leaves 10 s before Lambda kills the function."""


class Session(ABC):
    """One connection. ``run`` blocks; ``end`` may be called from any thread, and makes it return soon."""

    def __init__(self, server: Server, patience: float) -> None:
        """Raises TaskFailed if the server cannot be reached, or does not let us in."""
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
        # As drivers set it where they connect: else the end of a long statement waits for an acknowledgement.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _keep_alive(connection)
        # The driver's own socket is not ours to touch, and is another one with TLS.
        self._socket = connection.dup()
        try:
            with self._no_longer_than(patience):
                self._id = self._log_in(connection)
        except BaseException as error:
            connection.close()
            self._socket.close()
            if isinstance(error, Exception):
                raise self._not_let_in(error) from error
            raise

    @abstractmethod
    def _log_in(self, connection: socket.socket) -> int:
        """Hand the connection to the driver; returns the number by which the server knows the session."""

    @abstractmethod
    def _not_let_in(self, error: Exception) -> TaskFailed:
        """What an error while logging in means."""

    @abstractmethod
    def run(self, script: str) -> int:
        """Run all statements of ``script``; returns how many there were. Their rows are dropped.

        The server splits the script. All of it is one transaction, as far as it does not end it itself:
        committed after the last statement, rolled back when one fails. Raises TaskFailed.
        """

    @abstractmethod
    def table_exists(self, table: str, schema: str) -> bool:
        """Whether there is such a table or view; an empty schema is the session's own.

        Both are SQL text: quoted where they need it, and ``table`` may be qualified. Raises TaskFailed.
        """

    @abstractmethod
    def _end_session(self, number: int) -> None:
        """Have the server end another session of the same user, and the statement that it runs."""

    @abstractmethod
    def _close(self) -> None:
        """Close the driver's connection. May raise what it likes."""

    def end(self) -> None:
        """End the session, and at the server the statement that it runs. Takes seconds at most."""
        with (
            contextlib.suppress(Exception),
            contextlib.closing(type(self)(self.server, _END_SECONDS)) as other,
            other._no_longer_than(_END_SECONDS),
        ):
            other._end_session(self._id)
        # If that did not get through, whoever waits for the server has to go on all the same.
        self._shut_down()

    def close(self) -> None:
        """Close the connection; the server rolls back what is not committed."""
        with contextlib.suppress(Exception):
            self._close()
        self._socket.close()

    @contextlib.contextmanager
    def _no_longer_than(self, seconds: float) -> Iterator[None]:
        """Shut the connection down if the block takes longer: the driver then raises what it likes."""
        timer = threading.Timer(seconds, self._shut_down)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _shut_down(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def ended_with(task: Task, session: Session) -> Iterator[None]:
    """Close the session after the block; end it at once if the task is canceled, or its time is over."""
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
    except BaseException:  # HandlerTimeout: closing alone would leave the statement running at the server
        session.end()
        raise
    finally:
        over.set()
        session.close()


def _keep_alive(connection: socket.socket) -> None:
    """Probe every minute: NAT gateways and load balancers forget connections after 350 s of silence."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}.items():
        if hasattr(socket, name):  # not on macOS, where tests run
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
