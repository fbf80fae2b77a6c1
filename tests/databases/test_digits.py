"""Numbers keep their digits, and intervals their sign, whatever the server's settings."""

from __future__ import annotations

import io

from runner.testing import Ref
from tests.databases.copies import Copies, copy_table, unencrypted
from tests.databases.responses import FINISHED
from tests.databases.server import DatabaseServer

FLOATS = "(1, 16777216), (2, 1.2345678), (3, -123456.7), (4, 3.4028234e38), (5, 1e-45), (6, NULL), (7, 0.1)"


def floats(server: DatabaseServer, table: str) -> None:
    server.execute(
        f"CREATE TABLE {table} (i int, f float, hidden int INVISIBLE, `d ``e` float(9, 2) UNSIGNED)",
        f"INSERT INTO {table} (i, f) VALUES {FLOATS}",
        f"UPDATE {table} SET `d ``e` = 16777.25",
    )


def test_all_of_a_table_has_the_digits_of_floats(mysql: Copies, table: str) -> None:
    floats(mysql.server, table)
    lines = mysql.unload(table).splitlines()
    assert lines[0] == b"1,16777216,16777.25"
    assert lines[1] == b"2,1.2345678,16777.25"
    assert lines[5] == b"6,\\n,16777.25"
    assert lines[6] == b"7,0.1,16777.25"


def test_floats_are_equal_in_another_table(mysql: Copies, table: str) -> None:
    floats(mysql.server, table)
    mysql.server.execute(f"CREATE TABLE {table}_copied (i int, f float, d float)")
    assert copy_table(mysql.server, mysql.server, table) == FINISHED
    equal = f"SELECT count(*) FROM {table} a JOIN {table}_copied b ON a.i = b.i AND a.f <=> b.f"
    assert mysql.server.query(equal) == [(7,)]


def test_floats_are_equal_in_another_engine(mysql: Copies, postgresql: Copies, table: str) -> None:
    floats(mysql.server, table)
    postgresql.server.execute(f"CREATE TABLE {table}_copied (i int, f real, d real)")
    assert copy_table(mysql.server, postgresql.server, table) == FINISHED
    equal = f"SELECT f = 16777216 FROM {table}_copied WHERE i = 1"
    assert postgresql.server.query(equal) == [(True,)]


def test_digits_that_a_query_loses_are_told(mysql: Copies, table: str, log: io.StringIO) -> None:
    floats(mysql.server, table)
    assert (
        mysql.unload(table, selectQuery=f"SELECT i, f AS speed FROM {table} WHERE i = 1") == b"1,16777200\n"
    )
    (line,) = [line for line in log.getvalue().splitlines() if "FLOAT" in line]
    assert '"level":"WARNING"' in line
    assert '"columns":["speed"]' in line
    assert "column + 0e0" in line
    log.truncate(0)
    assert mysql.unload(table, selectQuery=f"SELECT f + 0e0 FROM {table} WHERE i = 1") == b"16777216\n"
    assert "WARNING" not in log.getvalue()


def test_postgresqls_digits_do_not_depend_on_its_settings(postgresql: Copies, table: str) -> None:
    server = postgresql.server
    server.execute(
        f"CREATE TABLE {table} (d float8, f float4, i interval)",
        f"INSERT INTO {table} VALUES (0.1::float8 + 0.2::float8, 1.2345678, '-1 day -2 hours')",
        "ALTER ROLE CURRENT_USER SET extra_float_digits = 0",
        "ALTER ROLE CURRENT_USER SET intervalstyle = 'sql_standard'",
    )
    try:
        assert postgresql.unload(table) == b"0.30000000000000004,1.2345678,-1 days -02:00:00\n"
    finally:
        server.execute(
            "ALTER ROLE CURRENT_USER RESET extra_float_digits", "ALTER ROLE CURRENT_USER RESET intervalstyle"
        )


def test_options_of_the_users_own_count(postgresql: Copies, table: str) -> None:
    postgresql.server.execute(
        f"CREATE TABLE {table} (d float8, i interval)",
        f"INSERT INTO {table} VALUES (0.1::float8 + 0.2::float8, '1 day')",
    )
    options = "options=-c extra_float_digits=0 -c intervalstyle=iso_8601"
    response = postgresql.run(
        {"type": "SqlDataNode", "table": table, "database": Ref("Db")},
        {"type": "S3DataNode", "filePath": "s3://b/out"},
        objects={"Db": unencrypted(postgresql.server, jdbcProperties=["sslmode=disable", options])},
    )
    assert response == FINISHED
    assert postgresql.s3.objects["b", "out"] == b"0.3,P1D\n"
