"""The databases' own clients: what a ShellCommandActivity would run instead of a CopyActivity."""

from __future__ import annotations

import os
import subprocess
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


def _psql(server: DatabaseServer, command: str) -> None:
    login = ["-h", "127.0.0.1", "-p", str(server.port), "-U", server.user, "-d", DATABASE]
    environment = {**os.environ, "PGPASSWORD": server.password}
    subprocess.run([psql(), *login, "-q", "-X", "-c", command], env=environment, check=True)


def _mariadb(server: DatabaseServer, statement: str) -> None:
    program, environment = client()
    login = ["-h", "127.0.0.1", "-P", str(server.port), "-u", server.user, "--ssl=0", DATABASE]
    options = ["--local-infile=1", "--batch", "--quick", "--skip-column-names"]
    subprocess.run(
        [program, "--no-defaults", *login, *options, "-e", statement],
        env={**environment, "MYSQL_PWD": server.password},
        stdout=subprocess.DEVNULL,
        check=True,
    )
