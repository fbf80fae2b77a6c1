"""MariaDB: the installed server, otherwise Debian's package, downloaded and unpacked in .build."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql

from tests.databases.server import (
    DATABASE,
    DatabaseServer,
    certificate,
    free_port,
    run,
    running,
    server_directory,
)

BUILD = Path(__file__).parents[2] / ".build"
USER, PASSWORD = "etl", "maria-canary-9c1d"


@dataclass(frozen=True)
class _Installation:
    program: Path
    environment: dict[str, str]

    @property
    def share(self) -> Path:
        """The directory with the SQL for the system tables, and with the messages."""
        prefix = self.program.resolve().parents[1]
        (sql,) = [found for name in ("mysql", "mariadb") for found in prefix.glob(f"share/{name}/{_TABLES}")]
        return sql.parent


_TABLES = "mysql_system_tables.sql"


@contextlib.contextmanager
def mariadb(*more: str) -> Iterator[DatabaseServer]:
    """A server with TLS, passwords and a database ``sales``. ``more`` are options of the program."""
    installed = _installation()
    with server_directory() as directory:
        files = certificate(directory / "tls")
        data = directory / "data"
        data.mkdir()
        common: list[str | Path] = [
            *(installed.program, "--no-defaults", f"--datadir={data}"),
            *(f"--lc-messages-dir={installed.share}", f"--tmpdir={directory}"),
            *(["--user=root"] if os.geteuid() == 0 else []),
        ]
        tables = [installed.share / name for name in (_TABLES, "mysql_system_tables_data.sql")]
        accounts = (
            "FLUSH PRIVILEGES;\n"
            f"CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO {USER}@'%' WITH GRANT OPTION;\n"
            f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4;\n"
        )
        script = "\n".join(
            ["CREATE DATABASE mysql;", "USE mysql;", *(file.read_text() for file in tables), accounts]
        )
        run([*common, "--bootstrap"], input=script.encode(), env=installed.environment)
        port = free_port()

        def connect() -> pymysql.Connection[Any]:
            return pymysql.connect(
                host="127.0.0.1",
                port=port,
                user=USER,
                password=PASSWORD,
                database=DATABASE,
                autocommit=True,
                charset="utf8mb4",
            )

        options = [
            *("--bind-address=127.0.0.1", f"--port={port}", f"--socket={directory / 'socket'}"),
            *("--skip-name-resolve", "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0"),
            *("--performance-schema=OFF", f"--pid-file={directory / 'pid'}"),
            *(f"--ssl-cert={files['server.pem']}", f"--ssl-key={files['server.key']}"),
            f"--ssl-ca={files['ca.pem']}",
            *more,
        ]
        with running(
            [*common, *options],
            log=directory / "log",
            up=lambda: connect().close(),
            end=signal.SIGKILL,
            env=installed.environment,
        ):
            yield DatabaseServer("mariadb", port, USER, PASSWORD, connect, files["ca.pem"])


def client() -> tuple[Path, dict[str, str]]:
    """The command-line client, and its environment."""
    found = shutil.which("mariadb")
    if found:
        return Path(found), dict(os.environ)
    root = unpacked("mariadb-client-core", BUILD / "mariadb-client")
    return root / "usr/bin/mariadb", {**os.environ, "LD_LIBRARY_PATH": _libraries(root)}


def _installation() -> _Installation:
    found = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin:/usr/local/sbin")
    if found:
        return _Installation(Path(found), dict(os.environ))
    root = unpacked("mariadb-server-core", BUILD / "mariadb")
    return _Installation(root / "usr/sbin/mariadbd", {**os.environ, "LD_LIBRARY_PATH": _libraries(root)})


def _libraries(root: Path) -> str:
    return ":".join(str(path) for path in root.glob("usr/lib/*-linux-gnu*"))


def unpacked(package: str, root: Path) -> Path:
    """The directory with the files of Debian's package. It is downloaded once."""
    if not root.is_dir():
        _unpack(package, root)
    return root


def _unpack(package: str, root: Path) -> None:
    """Unpack Debian's package and its missing dependencies, without installing them."""
    assert shutil.which("apt-get"), "MariaDB is needed: install it, so that mariadbd and mariadb are on PATH."
    root.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent) as name:
        scratch = Path(name)
        for directory in ("lists/partial", "archives/partial", "root"):
            (scratch / directory).mkdir(parents=True)
        options = [
            *("-o", "Debug::NoLocking=1", "-o", f"APT::Sandbox::User={_user()}"),
            *("-o", f"Dir::State::lists={scratch / 'lists'}"),
            *("-o", f"Dir::Cache::archives={scratch / 'archives'}"),
            *("-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="),
        ]
        run(["apt-get", "update", *options])
        only = ("--yes", "--download-only", "--no-install-recommends")
        run(["apt-get", "install", *only, *options, package])
        for archive in (scratch / "archives").glob("*.deb"):
            run(["dpkg-deb", "--extract", archive, scratch / "root"])
        try:
            (scratch / "root").rename(root)
        except OSError:  # Another process was faster.
            if not root.is_dir():
                raise


def _user() -> str:
    return subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
