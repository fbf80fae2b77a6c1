"""Times in MySQL. As with JDBC drivers, the session keeps the server's time zone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from runner.testing import FieldValue, Ref
from tests.databases.copies import Copies, copy_table, unencrypted
from tests.databases.responses import FINISHED
from tests.databases.server import DatabaseServer
from tests.unit.fake_s3 import FakeS3

NOON = "2024-02-29 12:00:00"


@contextlib.contextmanager
def zone(server: DatabaseServer, name: str) -> Iterator[None]:
    server.execute(f"SET GLOBAL time_zone = '{name}'")
    try:
        yield
    finally:
        server.execute("SET GLOBAL time_zone = SYSTEM")


@pytest.fixture
def tokyo(mariadb_server: DatabaseServer, s3: FakeS3) -> Iterator[Copies]:
    with zone(mariadb_server, "+09:00"):
        yield Copies(mariadb_server, s3)


def test_times_are_those_of_the_server(tokyo: Copies, table: str) -> None:
    tokyo.server.execute(f"CREATE TABLE {table} (d datetime, w timestamp)")
    assert tokyo.load(f"{NOON},{NOON}\n".encode(), table) == FINISHED
    assert tokyo.server.query(f"SELECT CAST(d AS CHAR), CAST(w AS CHAR) FROM {table}") == [(NOON, NOON)]
    assert tokyo.unload(table) == f"{NOON},{NOON}\n".encode()


def test_now_is_that_of_the_server(tokyo: Copies, table: str) -> None:
    tokyo.server.execute(f"CREATE TABLE {table} (d datetime)", f"INSERT INTO {table} VALUES (NOW())")
    assert tokyo.unload(table, selectQuery=f"SELECT COUNT(*) FROM {table} WHERE d <= NOW()") == b"1\n"


def test_a_datetime_becomes_a_timestamp_of_the_server(tokyo: Copies, table: str) -> None:
    tokyo.server.execute(
        f"CREATE TABLE {table} (d datetime)",
        f"INSERT INTO {table} VALUES ('{NOON}')",
        f"CREATE TABLE {table}_copied (d timestamp)",
    )
    assert copy_table(tokyo.server, tokyo.server, table) == FINISHED
    assert tokyo.server.query(f"SELECT CAST(d AS CHAR) FROM {table}_copied") == [(NOON,)]


def test_times_with_zones_of_postgresql_keep_their_instant(
    postgresql_server: DatabaseServer, tokyo: Copies, table: str
) -> None:
    postgresql_server.execute(
        f"CREATE TABLE {table} (a timestamptz, b timestamptz)",
        f"INSERT INTO {table} VALUES ('{NOON}+00', '{NOON}+00')",
    )
    tokyo.server.execute(f"CREATE TABLE {table}_copied (a timestamp, b datetime)")
    assert copy_table(postgresql_server, tokyo.server, table) == FINISHED
    rows = tokyo.server.query(f"SELECT UNIX_TIMESTAMP(a), CAST(b AS CHAR) FROM {table}_copied")
    assert rows == [(1709208000, NOON)]


def test_timestamps_of_mysql_keep_their_instant_in_postgresql(
    postgresql_server: DatabaseServer, tokyo: Copies, table: str
) -> None:
    tokyo.server.execute(
        f"CREATE TABLE {table} (a timestamp, b datetime)",
        f"INSERT INTO {table} VALUES (FROM_UNIXTIME(1709208000), '{NOON}')",
    )
    postgresql_server.execute(f"CREATE TABLE {table}_copied (a timestamptz, b timestamp)")
    assert copy_table(tokyo.server, postgresql_server, table) == FINISHED
    rows = postgresql_server.query(f"SELECT extract(epoch FROM a)::bigint, b::text FROM {table}_copied")
    assert rows == [(1709208000, NOON)]


def test_a_zone_of_the_users_own_counts_between_engines_too(
    postgresql_server: DatabaseServer, tokyo: Copies, table: str
) -> None:
    postgresql_server.execute(f"CREATE TABLE {table} (a timestamp)", f"INSERT INTO {table} VALUES ('{NOON}')")
    tokyo.server.execute(f"CREATE TABLE {table}_copied (a timestamp)")
    node: dict[str, FieldValue] = {"type": "SqlDataNode", "table": table, "database": Ref("From")}
    url = f"{tokyo.server.url}?sessionVariables=time_zone='%2B02:00'"
    response = tokyo.run(
        node,
        {**node, "table": f"{table}_copied", "database": Ref("To")},
        objects={
            "From": unencrypted(postgresql_server),
            "To": unencrypted(tokyo.server, connectionString=url),
        },
    )
    assert response == FINISHED
    assert tokyo.server.query(f"SELECT UNIX_TIMESTAMP(a) FROM {table}_copied") == [(1709208000 - 7200,)]
