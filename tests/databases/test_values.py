"""Values that databases write differently, and JDBC properties that change them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from activities import sql_activity
from runner.testing import FieldValue, Ref, run_handler
from tests.databases.copies import Copies, copy_table, unencrypted
from tests.databases.responses import FINISHED, failure
from tests.databases.server import DatabaseServer


def test_booleans_bits_and_times_with_zones_become_mysqls(
    postgresql_server: DatabaseServer, mariadb_server: DatabaseServer, table: str
) -> None:
    postgresql_server.execute(
        f"CREATE TABLE {table} (i int, b boolean, one bit(1), eight bit(8), w timestamptz, t timetz)",
        f"INSERT INTO {table} VALUES (1, true, B'1', B'10000001', '2024-02-29 23:30:00+02', '23:30:00+00'), "
        f"(2, false, B'0', B'00000101', '2024-02-29 23:30:00.25+00', '01:00:00+00'), "
        f"(3, NULL, NULL, NULL, NULL, NULL)",
    )
    mariadb_server.execute(
        f"CREATE TABLE {table}_copied (i int, b boolean, one bit(1), eight bit(8), w datetime(2), t time)"
    )
    assert copy_table(postgresql_server, mariadb_server, table) == FINISHED
    rows = mariadb_server.query(
        f"SELECT i, b, one + 0, eight + 0, CAST(w AS CHAR), CAST(t AS CHAR) FROM {table}_copied ORDER BY i"
    )
    assert rows == [
        (1, 1, 1, 0b10000001, "2024-02-29 21:30:00.00", "23:30:00"),
        (2, 0, 0, 5, "2024-02-29 23:30:00.25", "01:00:00"),
        (3, None, None, None, None, None),
    ]


def test_bytes_do_not_become_the_text_that_postgresql_writes_of_them(
    postgresql_server: DatabaseServer, mariadb_server: DatabaseServer, table: str
) -> None:
    postgresql_server.execute(f"CREATE TABLE {table} (b bytea)", rf"INSERT INTO {table} VALUES ('\x00ff')")
    mariadb_server.execute(f"CREATE TABLE {table}_copied (b blob)")
    message = failure(copy_table(postgresql_server, mariadb_server, table), "BinaryColumn")
    assert "encode(b, 'hex')" in message
    assert "UNHEX(?)" in message
    assert mariadb_server.query(f"SELECT * FROM {table}_copied") == []


def test_the_way_that_the_message_names_copies_them(
    postgresql_server: DatabaseServer, mariadb_server: DatabaseServer, table: str
) -> None:
    postgresql_server.execute(
        f"CREATE TABLE {table}_b (b bytea)",
        rf"INSERT INTO {table}_b VALUES ('\x00ff')",
        f"CREATE VIEW {table} AS SELECT encode(b, 'hex') FROM {table}_b",
    )
    mariadb_server.execute(f"CREATE TABLE {table}_copied (b blob)")
    insert = f"INSERT INTO {table}_copied (b) VALUES (UNHEX(?))"
    assert copy_table(postgresql_server, mariadb_server, table, insertQuery=insert) == FINISHED
    assert mariadb_server.query(f"SELECT b FROM {table}_copied") == [(b"\x00\xff",)]


def test_mysqls_bits_and_numbers_become_booleans(
    postgresql_server: DatabaseServer, mariadb_server: DatabaseServer, table: str
) -> None:
    mariadb_server.execute(
        f"CREATE TABLE {table} (a tinyint(1), b bit(1), n bit(8))",
        f"INSERT INTO {table} VALUES (1, b'0', 200), (0, b'1', 3)",
    )
    postgresql_server.execute(f"CREATE TABLE {table}_copied (a boolean, b boolean, n int)")
    assert copy_table(mariadb_server, postgresql_server, table) == FINISHED
    assert postgresql_server.query(f"SELECT * FROM {table}_copied ORDER BY n") == [
        (False, True, 3),
        (True, False, 200),
    ]


@pytest.mark.parametrize(
    "insert", [None, "INSERT INTO {}_copied (n, i) VALUES (?, ?)", "INSERT INTO {}_copied SET n = ?, i = ?"]
)
def test_bits_are_copied_as_numbers(mariadb_server: DatabaseServer, table: str, insert: str | None) -> None:
    mariadb_server.execute(
        f"CREATE TABLE {table} (n bit(64), i int)",
        f"CREATE TABLE {table}_copied (n bit(64), i int)",
        f"INSERT INTO {table} VALUES (49, 1), (18446744073709551615, 2), (NULL, 3), (0, 4)",
    )
    into = {"insertQuery": insert.format(table)} if insert else {}
    assert copy_table(mariadb_server, mariadb_server, table, **into) == FINISHED
    rows = f"SELECT n + 0, i FROM {table}_copied ORDER BY i"
    assert mariadb_server.query(rows) == [(49, 1), (18446744073709551615, 2), (None, 3), (0, 4)]


def test_bits_in_files_are_numbers(mysql: Copies, table: str) -> None:
    mysql.server.execute(f"CREATE TABLE {table} (b bit(1), n bit(8))")
    assert mysql.load(b"1,49\ntrue,7\nF,0\n\\N,1\n", table) == FINISHED
    assert mysql.unload(table) == b"1,49\n1,7\n0,0\n\\n,1\n"
    message = failure(mysql.load(b"1,1\nyes,2\n", table), "InvalidData")
    assert "record 2: the column 'b' is BIT" in message
    message = failure(mysql.load(b"1,00000101\n", table), "InvalidData")
    assert "not bit strings" in message
    failure(mysql.load(b"1,256\n", table), "StatementFailed")
    assert len(mysql.server.query(f"SELECT * FROM {table}")) == 4


ZEROS = "'0000-00-00', '0000-00-00 00:00:00'"


@pytest.mark.parametrize(
    ("behavior", "written"),
    [
        (None, b"1,0000-00-00,0000-00-00 00:00:00\n2,2024-02-29,2024-02-29 01:02:03\n"),
        ("convertToNull", b"1,\\n,\\n\n2,2024-02-29,2024-02-29 01:02:03\n"),
        ("round", b"1,0001-01-01,0001-01-01 00:00:00\n2,2024-02-29,2024-02-29 01:02:03\n"),
    ],
)
def test_dates_of_zeros(mysql: Copies, table: str, behavior: str | None, written: bytes) -> None:
    zeros(mysql.server, table)
    assert out(mysql, table, behavior) == FINISHED
    assert mysql.s3.objects["b", "out"] == written


def test_dates_of_zeros_are_refused_if_that_is_asked_for(mysql: Copies, table: str) -> None:
    zeros(mysql.server, table)
    message = failure(out(mysql, table, "exception"), "InvalidData")
    assert "record 1: the column 'd': 0000-00-00 is no date" in message
    assert ("b", "out") not in mysql.s3.objects


def zeros(server: DatabaseServer, table: str) -> None:
    server.execute(
        f"CREATE TABLE {table} (i int, d date, w datetime)",
        f"SET STATEMENT sql_mode = '' FOR INSERT INTO {table} VALUES (1, {ZEROS})",
        f"INSERT INTO {table} VALUES (2, '2024-02-29', '2024-02-29 01:02:03')",
    )


def out(copies: Copies, table: str, behavior: str | None) -> dict[str, Any]:
    url = f"{copies.server.url}?zeroDateTimeBehavior={behavior}" if behavior else copies.server.url
    return copies.run(
        {"type": "SqlDataNode", "table": table, "database": Ref("Db")},
        {"type": "S3DataNode", "filePath": "s3://b/out"},
        objects={"Db": unencrypted(copies.server, connectionString=url)},
    )


def script(server: DatabaseServer, statement: str, **fields: FieldValue) -> dict[str, Any]:
    return run_handler(
        sql_activity.handler,
        {"type": "SqlActivity", "database": Ref("Db"), "script": statement},
        objects={"Db": unencrypted(server, **fields)},
    )


@contextlib.contextmanager
def lenient(server: DatabaseServer) -> Iterator[None]:
    """A server that truncates values that do not fit, as old servers did."""
    ((mode,),) = server.query("SELECT @@GLOBAL.sql_mode")
    server.execute("SET GLOBAL sql_mode = ''")
    try:
        yield
    finally:
        server.execute(f"SET GLOBAL sql_mode = '{mode}'")


def test_nothing_is_cut_off_unless_that_is_asked_for(mariadb_server: DatabaseServer, table: str) -> None:
    mariadb_server.execute(f"CREATE TABLE {table} (t varchar(3)) ENGINE = InnoDB")
    insert = f"INSERT INTO {table} VALUES ('abcdef')"
    with lenient(mariadb_server):
        assert "Data too long" in failure(script(mariadb_server, insert), "StatementFailed")
        assert mariadb_server.query(f"SELECT * FROM {table}") == []
        asked = {"jdbcProperties": ["sslmode=disable", "jdbcCompliantTruncation=false"]}
        assert script(mariadb_server, insert, **asked) == FINISHED
    assert mariadb_server.query(f"SELECT * FROM {table}") == [("abc",)]


def test_session_variables_are_set(mysql: Copies, table: str) -> None:
    mysql.server.execute(
        f"CREATE TABLE {table} (w timestamp)",
        f"SET STATEMENT time_zone = '+00:00' FOR INSERT INTO {table} VALUES ('2024-02-29 12:00:00')",
    )
    url = f"{mysql.server.url}?sessionVariables=time_zone='%2B02:00',sql_mode=''"
    assert (
        script(mysql.server, f"INSERT INTO {table} SELECT w FROM {table}", connectionString=url) == FINISHED
    )
    response = mysql.run(
        {"type": "SqlDataNode", "table": table, "database": Ref("Db")},
        {"type": "S3DataNode", "filePath": "s3://b/out"},
        objects={"Db": unencrypted(mysql.server, connectionString=url)},
    )
    assert response == FINISHED
    assert mysql.s3.objects["b", "out"] == b"2024-02-29 14:00:00\n" * 2


def test_options_of_a_postgresql_session(postgresql_server: DatabaseServer, table: str) -> None:
    postgresql_server.execute(f"CREATE TABLE {table} (i int)")
    read_only = {"jdbcProperties": ["sslmode=disable", "options=-c default_transaction_read_only=on"]}
    insert = f"INSERT INTO {table} VALUES (1)"
    message = failure(script(postgresql_server, insert, **read_only), "StatementFailed")
    assert "read-only transaction" in message
    assert script(postgresql_server, insert) == FINISHED


def test_a_property_that_would_change_data_fails_before_anything_is_done(
    mariadb_server: DatabaseServer, table: str
) -> None:
    asked = {"jdbcProperties": ["sslmode=disable", "serverTimezone=America/New_York"]}
    message = failure(script(mariadb_server, f"CREATE TABLE {table} (i int)", **asked), "InvalidField")
    assert "serverTimezone=America/New_York would change data" in message
    assert mariadb_server.query(f"SHOW TABLES LIKE '{table}'") == []
