"""A database server for tests, on 127.0.0.1, in a temporary directory."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 60


@dataclass(frozen=True)
class DatabaseServer:
    """A running server, and its superuser."""

    jdbc: str
    """The subprotocol in connection strings."""
    port: int
    user: str
    password: str
    connect: Callable[[], Any]
    """Opens a DB-API connection of the superuser, which commits each statement."""
    ca: Path | None = None
    """The authority of its certificate; None without TLS."""

    @property
    def is_postgresql(self) -> bool:
        """Whether it is PostgreSQL; otherwise it is MariaDB."""
        return self.jdbc == "postgresql"

    @property
    def url(self) -> str:
        return f"jdbc:{self.jdbc}://127.0.0.1:{self.port}/{DATABASE}"

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with contextlib.closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def execute(self, *statements: str) -> None:
        with contextlib.closing(self.connect()) as connection:
            for sql in statements:
                connection.cursor().execute(sql)


DATABASE = "sales"


@contextlib.contextmanager
def server_directory() -> Iterator[Path]:
    """An empty directory that any user can access. Its path is short: sockets allow 100 characters."""
    with tempfile.TemporaryDirectory(prefix="db-", dir="/tmp", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


@contextlib.contextmanager
def running(
    command: Sequence[str | Path],
    *,
    log: Path,
    up: Callable[[], Any],
    end: signal.Signals,
    **options: Any,
) -> Iterator[subprocess.Popen[bytes]]:
    """A server process, once ``up`` no longer raises. After the block, it gets the signal ``end``."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)
        try:
            wait_until(up, process, log)
            yield process
        finally:
            process.send_signal(end)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()


def wait_until(up: Callable[[], Any], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            up()
        except Exception as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{process.args!r} is not up: {log.read_text()[-3000:]}") from error
            time.sleep(0.1)
        else:
            return


def run(command: Sequence[str | Path], **options: Any) -> None:
    done = subprocess.run(command, capture_output=True, check=False, **options)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def certificate(directory: Path) -> Mapping[str, Path]:
    """A server's key and certificate for the name ``localhost``, and the authority that signed it."""
    directory.mkdir()
    files = {
        name: directory / name for name in ("ca.pem", "ca.key", "server.pem", "server.key", "server.csr")
    }
    new = ("openssl", "req", "-newkey", "rsa:2048", "-nodes")
    authority = ("-x509", "-days", "2", "-subj", "/CN=Test authority")
    run([*new, *authority, "-keyout", files["ca.key"], "-out", files["ca.pem"]])
    run([*new, "-subj", "/CN=localhost", "-keyout", files["server.key"], "-out", files["server.csr"]])
    extensions = directory / "extensions"
    extensions.write_text(
        "subjectAltName=DNS:localhost\nauthorityKeyIdentifier=keyid\nbasicConstraints=critical,CA:FALSE\n"
    )
    sign = ("-CA", files["ca.pem"], "-CAkey", files["ca.key"], "-CAcreateserial", "-extfile", extensions)
    made = ("-in", files["server.csr"], "-out", files["server.pem"])
    run(["openssl", "x509", "-req", "-days", "2", *sign, *made])
    files["server.key"].chmod(0o600)
    return files


def unprivileged(directory: Path) -> dict[str, Any]:
    """Options for subprocess as root, which PostgreSQL refuses: a user who owns ``directory``."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    for path in [directory, *directory.rglob("*")]:
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
