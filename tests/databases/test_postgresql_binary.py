"""From table to table, COPY in binary does the same as text: rows, rounding, errors, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copying.blocks import NativeBlock
from copying.postgresql_binary import BinaryForm
from copying.postgresql_tables import PostgreSqlTables
from runner.testing import Ref
from tests.databases.copies import Copies
from tests.databases.objects import Fields
from tests.databases.responses import FINISHED, failure

VALUES: dict[str, tuple[str, ...]] = {
    "boolean": ("true", "false"),
    "bytea": (r"'\x'", r"'\x00ff0a64005c'"),
    "bigint": ("-9223372036854775808", "9223372036854775807"),
    "smallint": ("-32768", "0"),
    "integer": ("2147483647", "-1"),
    "text": ("''", r"E'a\tb\n\\.\r'", "'\\N'", "U&'\\00e9\\+01F600'", "repeat('d', 70000)"),
    "char(5)": ("'ab'", "''"),
    "varchar(7)": ("'seven c'", "''"),
    "json": ("""'{"b": 1,  "a": null}'""",),
    "jsonb": ("""'{"b": 1,  "a": null}'""", "'[]'"),
    "real": ("1e-40", "'NaN'", "0.1"),
    "double precision": ("'-Infinity'", "0.1", "-0.0", "1.7976931348623157e308"),
    "numeric": ("'NaN'", "1.00000", "-123456789012345678901234567890.123456789", "0.0", "1e-30"),
    "numeric(9, 2)": ("1234567.89", "0"),
    "date": ("'infinity'", "'4713-01-01 BC'", "'2024-02-29'"),
    "time": ("'24:00'", "'12:30:00.000001'"),
    "timestamp": ("'-infinity'", "'2024-05-01 12:00:00.123456'", "'0044-03-15 12:00 BC'"),
    "timestamptz": ("'2024-05-01 12:00:00+05:30'", "'infinity'"),
    "uuid": ("'00000000-0000-0000-0000-00000000000a'",),
}
"""Of each type that is copied in binary."""

ROWS = st.lists(st.tuples(*(st.sampled_from(("NULL", *values)) for values in VALUES.values())), max_size=5)
CHANGED: dict[str, tuple[str, str, str]] = {
    "another type": ("int", "bigint", "7"),
    "a domain": ("text", "short", "'kept'"),
    "a type of the server's own": ("mood", "mood", "'ok'"),
    "an array": ("int[]", "int[]", "'{1,2}'"),
    "an interval": ("interval", "interval", "'-1 day 2 hours'"),
}


@contextmanager
def forms() -> Iterator[list[type]]:
    """The kinds of blocks that are unloaded."""
    found: list[type] = []
    unload_for = PostgreSqlTables.unload_for

    def noted(*given: Any) -> Iterator[Any]:
        for block in unload_for(*given):
            found.append(type(block))
            yield block

    with mock.patch.object(PostgreSqlTables, "unload_for", noted):
        yield found


def copied(postgresql: Copies, source: str, target: str, **fields: str) -> dict[str, Any]:
    node: Fields = {"type": "SqlDataNode", "database": Ref("Db")}
    return postgresql.run({**node, "table": source, **fields}, {**node, "table": target})


def made(postgresql: Copies, table: str, columns: str, target: str = "") -> str:
    """Creates both tables. Returns the name of the target."""
    postgresql.server.execute(
        f"DROP TABLE IF EXISTS {table}, {table}_copied",
        f"CREATE TABLE {table} ({columns})",
        f"CREATE TABLE {table}_copied ({target or columns})",
    )
    return f"{table}_copied"


def texts(postgresql: Copies, table: str) -> list[Any]:
    return postgresql.server.query(f"SELECT whole::text FROM {table} whole ORDER BY 1")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_all_types_arrive_as_they_were(rows: list[tuple[str, ...]], postgresql: Copies) -> None:
    columns = ", ".join(f"c{number} {kind}" for number, kind in enumerate(VALUES))
    target = made(postgresql, "typed", columns)
    for row in rows:
        postgresql.server.execute(f"INSERT INTO typed VALUES ({', '.join(row)})")
    with forms() as found:
        assert copied(postgresql, "typed", target) == FINISHED
    assert set(found) == {NativeBlock}
    in_binary = texts(postgresql, target)
    assert in_binary == texts(postgresql, "typed")

    postgresql.server.execute(f"TRUNCATE {target}")
    with mock.patch.object(BinaryForm, "of", return_value=None):
        assert copied(postgresql, "typed", target) == FINISHED
    assert texts(postgresql, target) == in_binary


def test_many_rows_and_long_ones(postgresql: Copies, table: str) -> None:
    target = made(postgresql, table, "n int, t text")
    postgresql.server.execute(
        f"INSERT INTO {table} SELECT g, repeat('d', g * 7919 % 2000) FROM generate_series(1, 20000) g",
        f"INSERT INTO {table} SELECT -g, repeat(chr(10), 700000) FROM generate_series(1, 3) g",
    )
    with forms() as found:
        assert copied(postgresql, table, target) == FINISHED
    assert set(found) == {NativeBlock}
    sums = "SELECT count(*), sum(n), md5(string_agg(md5(t), ',' ORDER BY n)) FROM "
    assert postgresql.server.query(sums + target) == postgresql.server.query(sums + table)


def test_lengths_and_scales_of_the_target_count_as_for_text(postgresql: Copies, table: str) -> None:
    columns = "a numeric(20, 5), b timestamp(6), c char(3)"
    target = made(postgresql, table, columns, "a numeric(9, 2), b timestamp(0), c char(6)")
    postgresql.server.execute(f"INSERT INTO {table} VALUES (1.005, '2024-01-01 00:00:00.6', 'ab')")
    with forms() as found:
        assert copied(postgresql, table, target) == FINISHED
    assert set(found) == {NativeBlock}
    assert texts(postgresql, target) == [('(1.01,"2024-01-01 00:00:01","ab    ")',)]


@pytest.mark.parametrize(
    ("limit", "told"),
    [("t varchar(3)", "too long"), ("t varchar CHECK (t <> 'late value')", "violates check")],
)
def test_a_row_that_the_target_refuses_is_named(
    limit: str, told: str, postgresql: Copies, table: str
) -> None:
    target = made(postgresql, table, "n int, t varchar", f"n int, {limit}")
    postgresql.server.execute(
        f"INSERT INTO {table} SELECT g, 'ok' FROM generate_series(1, 41) g",
        f"INSERT INTO {table} VALUES (42, 'late value')",
    )
    with forms() as found:
        message = failure(copied(postgresql, table, target), "StatementFailed")
    assert set(found) == {NativeBlock}
    assert told in message
    assert "line 42" in message
    assert postgresql.server.query(f"SELECT count(*) FROM {target}") == [(0,)]


@pytest.mark.parametrize(("source", "target", "value"), CHANGED.values(), ids=CHANGED)
def test_other_types_are_copied_as_text(
    source: str, target: str, value: str, postgresql: Copies, table: str
) -> None:
    postgresql.server.execute(
        "DROP DOMAIN IF EXISTS short CASCADE",
        "CREATE DOMAIN short AS text CHECK (length(VALUE) < 9)",
        "DROP TYPE IF EXISTS mood CASCADE",
        "CREATE TYPE mood AS ENUM ('ok')",
    )
    name = made(postgresql, table, f"c {source}", f"c {target}")
    postgresql.server.execute(f"INSERT INTO {table} VALUES ({value})")
    with forms() as found:
        assert copied(postgresql, table, name) == FINISHED
    assert NativeBlock not in found
    assert texts(postgresql, name) == texts(postgresql, table)


def test_what_takes_inserts_only_gets_them(postgresql: Copies, table: str) -> None:
    target = made(postgresql, table, "n int")
    postgresql.server.execute(
        f"INSERT INTO {table} VALUES (1), (2)", f"CREATE VIEW {table}_seen AS SELECT n FROM {target}"
    )
    with forms() as found:
        assert copied(postgresql, table, f"{table}_seen") == FINISHED
    assert NativeBlock not in found
    assert texts(postgresql, target) == texts(postgresql, table)


def test_generated_and_dropped_columns_are_no_columns_of_a_copy(postgresql: Copies, table: str) -> None:
    target = made(
        postgresql,
        table,
        "n int, t text",
        "gone int, n int, t text, d int GENERATED ALWAYS AS (n * 2) STORED",
    )
    postgresql.server.execute(
        f"ALTER TABLE {target} DROP COLUMN gone", f"INSERT INTO {table} VALUES (1, 'a'), (2, NULL)"
    )
    with forms() as found:
        assert copied(postgresql, table, target) == FINISHED
    assert set(found) == {NativeBlock}
    assert texts(postgresql, target) == [("(1,a,2)",), ("(2,,4)",)]


def test_a_query_runs_once(postgresql: Copies, table: str) -> None:
    """Asking for its types must not run it."""
    target = made(postgresql, table, "n bigint")
    postgresql.server.execute(f"CREATE SEQUENCE {table}_called")
    query = f"SELECT nextval('{table}_called') FROM generate_series(1, 3)"
    with forms() as found:
        assert copied(postgresql, table, target, selectQuery=query) == FINISHED
    assert set(found) == {NativeBlock}
    assert postgresql.server.query(f"SELECT n FROM {target} ORDER BY n") == [(1,), (2,), (3,)]
    assert postgresql.server.query(f"SELECT last_value FROM {table}_called") == [(3,)]


@pytest.mark.parametrize(
    "query", ["SELECT 1; -- done", "SELECT 1 WHERE false", "SELECT 1 / (n - 2) FROM generate_series(1, 3) n"]
)
def test_odd_queries_end_as_with_text(query: str, postgresql: Copies, table: str) -> None:
    target = made(postgresql, table, "n int")
    response = copied(postgresql, table, target, selectQuery=query)
    rows = texts(postgresql, target)
    postgresql.server.execute(f"TRUNCATE {target}")
    with mock.patch.object(BinaryForm, "of", return_value=None):
        assert copied(postgresql, table, target, selectQuery=query) == response
    assert texts(postgresql, target) == rows


@pytest.mark.parametrize("told", [{"server_version": "9.6.24"}, {"integer_datetimes": "off"}])
def test_servers_that_differ_exchange_text(told: dict[str, str]) -> None:
    known = {"server_version": "18.1 (Debian 18.1-1)", "integer_datetimes": "on"}
    one, other = (SimpleNamespace(parameter_statuses=each) for each in (known, {**known, **told}))
    assert BinaryForm.of(one, [23]) == BinaryForm.of(one, [23])
    assert BinaryForm.of(one, [23]) != BinaryForm.of(other, [23])
    assert BinaryForm.of(one, [23]) != BinaryForm.of(one, [23, 25])
    assert BinaryForm.of(one, [23, 3904]) is None, "int4range"
    assert BinaryForm.of(one, []) is None
