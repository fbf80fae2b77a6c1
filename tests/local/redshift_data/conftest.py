"""A PostgreSQL session with the settings of the local Data API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pg8000.native import Connection

from tests.databases.server import DATABASE, DatabaseServer

ROLE = "IAM_ROLE 'arn:aws:iam::000000000000:role/copy'"


@pytest.fixture(scope="module")
def connection(postgresql_server: DatabaseServer) -> Iterator[Connection]:
    server = postgresql_server
    with Connection(
        server.user, host="127.0.0.1", port=server.port, password=server.password, database=DATABASE
    ) as made:
        made.run("SET standard_conforming_strings = off")
        made.run("SET TIME ZONE 'UTC'")
        yield made


@pytest.fixture
def session(connection: Connection) -> Iterator[Connection]:
    """The session in a transaction that is rolled back."""
    connection.run("BEGIN")
    yield connection
    connection.run("ROLLBACK")
