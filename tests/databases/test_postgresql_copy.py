"""COPY in blocks does the same as record by record: PostgreSQL's rows, bytes of files, errors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from copying import blocks
from copying.postgresql_tables import PostgreSqlTables
from copying.tables import TablesSession
from data_formats.bulk_text import BulkFile
from runner.testing import Ref
from tests.databases.copies import Copies
from tests.databases.objects import Fields
from tests.databases.responses import failure
from tests.databases.test_copy_activity import end_sessions

FORMATS: list[tuple[Fields, Fields]] = [
    ({"type": "CSV"}, {}),
    ({"type": "CSV"}, {"myNullAs": "NULL"}),
    ({"type": "CSV"}, {"myNullAs": "nil"}),
    ({"type": "CSV"}, {"myNullAs": ""}),
    ({"type": "CSV"}, {"myNullAs": r"\N"}),
    ({"type": "CSV", "column": ["a STRING", "b INT"]}, {}),
    ({"type": "TSV"}, {}),
    ({"type": "Custom", "columnSeparator": "|"}, {}),
    ({"type": "Custom", "columnSeparator": "|"}, {"myNullAs": r"\N"}),
    ({"type": "Custom", "columnSeparator": "\\u0001", "escapeChar": "\\\\"}, {}),
    ({"type": "Custom", "columnSeparator": "\\u0008", "escapeChar": "\\\\"}, {}),
    ({"type": "CSV", "escapeChar": "^"}, {}),
]
PIECES = [*(b"\\", b"\n", b"\r", b",", b"\t", b"|", b"\x01", b"\x08", b"n", b"N", b"\\n", b"\\N", b"a,b\n")]
PIECES += [b"NULL", b"nil", b"5", b"\xc3\xa9", b"\xff", b"\\.", b"\\.\n", b"t", b"x41", b"^", b"\0", b"1,2\n"]
FILES = st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join)
TEXTS = st.text(st.sampled_from("a,\\\n\r\t\x08\x0b\x0c\x01|nNilULL^é"), max_size=5)
slow = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextmanager
def record_by_record() -> Iterator[None]:
    """Neither bytes of files nor COPY TO as they are: the records and rows of the other path."""
    rows = mock.patch.object(PostgreSqlTables, "unload", TablesSession.unload)
    # Of several things that are wrong, the first is told of: nothing is read ahead of the server.
    one_by_one = mock.patch.object(blocks, "BLOCK_ROWS", 1)
    with rows, one_by_one, mock.patch.object(BulkFile, "of", return_value=None):
        yield


def outcome(response: dict[str, Any]) -> tuple[str, str, str]:
    """A response, without what PostgreSQL quotes of the line, whose separator may be another one."""
    message = response.get("errorMessage", "").partition(", line ")
    return response["status"], response.get("errorId", ""), message[0] + message[2].partition(": ")[0]


@slow
@given(data=FILES, kind=st.sampled_from(FORMATS), columns=st.sampled_from([1, 2]))
@example(data=b"1,2\n1\n1,2,3\n", kind=FORMATS[0], columns=2)
@example(data=b",\n,5\n", kind=FORMATS[5], columns=2)
@example(data=b"a,b\r\n", kind=FORMATS[0], columns=2)
@example(data=b"a\\\r\n", kind=FORMATS[0], columns=1)
@example(data=b"a,b\n\\", kind=FORMATS[5], columns=1)
@example(data=b"\na,b\n\\", kind=FORMATS[0], columns=1)
def test_a_file_is_loaded_as_record_by_record(
    data: bytes, kind: tuple[Fields, Fields], columns: int, postgresql: Copies
) -> None:
    listed = ", ".join(f"{name} text" for name in "ab"[:columns])
    fields, node = kind

    def load() -> tuple[Any, ...]:
        postgresql.server.execute("DROP TABLE IF EXISTS loaded", f"CREATE TABLE loaded ({listed})")
        source: Fields = {"type": "S3DataNode", "filePath": "s3://b/data", "dataFormat": Ref("Format")}
        postgresql.s3.objects["b", "data"] = data
        target: Fields = {"type": "SqlDataNode", "table": "loaded", "database": Ref("Db")}
        response = postgresql.run({**source, **node}, target, objects={"Format": fields})
        return outcome(response), postgresql.server.query("SELECT * FROM loaded")

    in_blocks = load()
    with record_by_record():
        assert in_blocks == load()


@slow
@given(
    rows=st.lists(st.tuples(st.none() | TEXTS, st.none() | TEXTS), max_size=6),
    kind=st.sampled_from(FORMATS),
)
@example(rows=[("a,b", "x"), ("nothing\n\\", None), ("", "NULL"), ("nil", "NULLx")], kind=FORMATS[1])
@example(rows=[("nil", "n\n"), ("nilx", "xnil")], kind=FORMATS[2])
@example(rows=[("a", "b"), ("a|b", None)], kind=FORMATS[7])
@example(rows=[("a", "b"), ("\\N", None)], kind=FORMATS[8])
def test_a_table_is_written_as_row_by_row(
    rows: list[tuple[str | None, str | None]], kind: tuple[Fields, Fields], postgresql: Copies
) -> None:
    values = ", ".join(f"({_literal(first)}, {_literal(second)})" for first, second in rows)
    fill = [f"INSERT INTO written VALUES {values}"] if rows else []
    create = ["DROP TABLE IF EXISTS written", "CREATE TABLE written (a text, b text)"]
    postgresql.server.execute(*create, *fill)
    fields, node = kind

    def unload() -> tuple[Any, ...]:
        source: Fields = {"type": "SqlDataNode", "table": "written", "database": Ref("Db")}
        target: Fields = {"type": "S3DataNode", "filePath": "s3://b/out", "dataFormat": Ref("Format")}
        postgresql.s3.objects.clear()
        response = postgresql.run(source, {**target, **node}, objects={"Format": fields})
        return response, postgresql.s3.objects.get(("b", "out"))

    in_blocks = unload()
    with record_by_record():
        assert in_blocks == unload()


def _literal(value: str | None) -> str:
    return "NULL" if value is None else f"convert_from('\\x{value.encode().hex()}', 'UTF8')"


LONG = 0x0A6400 - 5
"""A row of this length has a line feed, a d and a zero in the length of its message."""
QUERIES = {
    "a semicolon and a comment": "SELECT 1; -- done",
    "a comment": "SELECT 1 -- done",
    "no columns": "SELECT FROM generate_series(1, 3)",
    "no rows": "SELECT 1 WHERE false",
    "a row with a header in its header": f"SELECT repeat('d', {LONG}) FROM generate_series(1, 3)",
    "long rows": "SELECT repeat(chr(10) || 'd', 300000) FROM generate_series(1, 3)",
    "notices": "SELECT told(n) FROM generate_series(1, 20000) n",
    "VALUES": "VALUES (1, 'a,b'), (2, NULL)",
    "TABLE": "TABLE pg_database",
    "a lock": "SELECT n FROM locked ORDER BY n FOR UPDATE",
    "an order": "SELECT n, E'\\t' FROM generate_series(1, 30000) n ORDER BY n % 7, n",
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_query_is_written_as_row_by_row(query: str, postgresql: Copies) -> None:
    postgresql.server.execute(
        "CREATE OR REPLACE FUNCTION told(n int) RETURNS text LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE NOTICE E'a\\ndxxxx %', n; RETURN 'row ' || n; END $$",
        "CREATE TABLE IF NOT EXISTS locked AS SELECT 1 AS n",
    )
    in_blocks = postgresql.unload("t", selectQuery=query)
    with record_by_record():
        assert in_blocks == postgresql.unload("t", selectQuery=query)


INJECTED = [
    "SELECT 1) TO STDOUT --",
    "SELECT 1\n) TO PROGRAM 'touch /tmp/x' --",
    "SELECT 1; SELECT 2",
    "INSERT INTO kept VALUES (1) RETURNING n",
    "WITH added AS (INSERT INTO kept VALUES (1) RETURNING n) SELECT n FROM added",
    "SELECT 1 / (n - 500) FROM generate_series(1, 1000) n",
    "SELECT 'x'::int",
    "SELECT no_such",
]


@pytest.mark.parametrize("query", INJECTED)
def test_a_query_is_refused_as_row_by_row(query: str, postgresql: Copies) -> None:
    postgresql.server.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
    source: Fields = {"type": "SqlDataNode", "table": "t", "database": Ref("Db"), "selectQuery": query}
    target: Fields = {"type": "S3DataNode", "filePath": "s3://b/out"}
    response = postgresql.run(source, target)
    failure(response, "StatementFailed")
    with record_by_record():
        assert postgresql.run(source, target)["errorMessage"] == response["errorMessage"]
    assert postgresql.server.query("SELECT * FROM kept") == []
    assert postgresql.s3.objects == {}


def test_a_wrong_record_of_a_later_object_is_named(postgresql: Copies, table: str) -> None:
    postgresql.server.execute(f"CREATE TABLE {table} (a int, b text)")
    lines = b"".join(b"%d,x\n" % number for number in range(100_000))
    postgresql.s3.objects = {("b", "in/1"): lines, ("b", "in/2"): lines + b"7\n" + lines}
    source: Fields = {"type": "S3DataNode", "directoryPath": "s3://b/in"}
    target: Fields = {"type": "SqlDataNode", "table": table, "database": Ref("Db")}
    message = failure(postgresql.run(source, target), "InvalidData")
    assert "record 200,001: it has 1 columns, and 2 are inserted" in message
    kind: Fields = {"type": "CSV", "column": ["a INT", "b STRING"]}
    format_of = {**source, "dataFormat": Ref("Format")}
    message = failure(postgresql.run(format_of, target, objects={"Format": kind}), "InvalidData")
    assert "'s3://b/in/2': record 100,001: it has 1 columns, and 2 are expected" in message
    postgresql.s3.objects["b", "in/2"] = lines + b"z,x\n" + lines
    assert "line 200001, column a" in failure(postgresql.run(source, target), "StatementFailed")


def test_a_server_that_goes_away_while_a_table_is_written(
    copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = (
        "SELECT g, repeat('x', 1000) FROM generate_series(1, 2000000) g"
        if copies.server.is_postgresql
        else "SELECT seq, repeat('x', 1000) FROM seq_1_to_2000000"
    )
    upload_part = copies.s3.upload_part
    ended = False

    def ending(**given: Any) -> Any:
        nonlocal ended
        ended = ended or end_sessions(copies.server)
        return upload_part(**given)

    monkeypatch.setattr(copies.s3, "upload_part", ending)
    source: Fields = {"type": "SqlDataNode", "table": "t", "database": Ref("Db"), "selectQuery": series}
    target: Fields = {"type": "S3DataNode", "filePath": "s3://b/out"}
    failure(copies.run(source, target), "ConnectionLost")
    assert copies.s3.objects == {}
    assert copies.s3.uploads == {}


def test_a_server_that_goes_away_between_two_tables(copies: Copies, table: str) -> None:
    series = (
        "SELECT g, repeat('x', 1000) FROM generate_series(1, 20000000) g"
        if copies.server.is_postgresql
        else "SELECT seq, repeat('x', 1000) FROM seq_1_to_20000000"
    )
    copies.server.execute(f"CREATE TABLE {table} (n int, t text)")

    over = threading.Event()

    def end_later() -> None:
        while not over.wait(0.5):
            end_sessions(copies.server)

    source: Fields = {"type": "SqlDataNode", "table": "t", "database": Ref("Db"), "selectQuery": series}
    target: Fields = {"type": "SqlDataNode", "table": table, "database": Ref("Db")}
    thread = threading.Thread(target=end_later)
    thread.start()
    response = copies.run(source, target, seconds=8)
    over.set()
    thread.join()
    failure(response, "ConnectionLost")
    assert copies.server.query(f"SELECT count(*) FROM {table}") == [(0,)]
