"""The databases' own clients: what a ShellCommandActivity would run instead of a CopyActivity."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.databases.mariadb import client
from tests.databases.postgresql import psql
from tests.databases.server import DATABASE, DatabaseServer

NAMES = {"PostgreSQL": "psql, \\copy", "MariaDB": "mariadb, LOAD DATA LOCAL and --batch --quick"}


def load(server: DatabaseServer, file: Path) -> None:
    """Load the file into the table ``copied``."""
    if server.is_postgresql:
        _psql(server, f"\\copy copied from '{file}' with (delimiter ',')")
    else:
        _mariadb(server, f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE copied FIELDS TERMINATED BY ','")


def unload(server: DatabaseServer) -> None:
    """Write the table ``copied`` to nowhere, as the benchmark of CopyActivity does."""
    if server.is_postgresql:
        _psql(server, f"\\copy copied to '{os.devnull}' with (delimiter ',')")
    else:
        _mariadb(server, "SELECT * FROM copied")


def between(server: DatabaseServer) -> None:
    """Copy the table ``copied`` to ``copied_again``, with a pipe between two clients."""
    if server.is_postgresql:
        commands = ("\\copy copied to stdout", "\\copy copied_again from stdin")
    else:
        commands = ("SELECT * FROM copied", "LOAD DATA LOCAL INFILE '/dev/stdin' INTO TABLE copied_again")
    source, target = (_command(server, command) for command in commands)
    with subprocess.Popen(source.words, env=source.environment, stdout=subprocess.PIPE) as reader:
        subprocess.run(target.words, env=target.environment, stdin=reader.stdout, check=True)
    if reader.returncode:
        raise subprocess.CalledProcessError(reader.returncode, source.words)


def _psql(server: DatabaseServer, command: str) -> None:
    found = _command(server, command)
    subprocess.run(found.words, env=found.environment, check=True)


def _mariadb(server: DatabaseServer, statement: str) -> None:
    found = _command(server, statement)
    subprocess.run(found.words, env=found.environment, stdout=subprocess.DEVNULL, check=True)


@dataclass(frozen=True)
class _Command:
    words: Sequence[str | Path]
    environment: Mapping[str, str]


def _command(server: DatabaseServer, statement: str) -> _Command:
    """The client's command line that runs one statement."""
    if server.is_postgresql:
        login = ["-h", "127.0.0.1", "-p", str(server.port), "-U", server.user, "-d", DATABASE]
        environment = {**os.environ, "PGPASSWORD": server.password}
        return _Command([psql(), *login, "-q", "-X", "-c", statement], environment)
    program, variables = client()
    login = ["-h", "127.0.0.1", "-P", str(server.port), "-u", server.user, "--ssl=0", DATABASE]
    options = ["--local-infile=1", "--batch", "--quick", "--skip-column-names"]
    words: list[str | Path] = [program, "--no-defaults", *login, *options, "-e", statement]
    return _Command(words, {**variables, "MYSQL_PWD": server.password})
