"""CopyActivity on real PostgreSQL and MariaDB servers, with a dictionary as S3."""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.testing import FakeDataPipeline, Ref
from tests.databases.copies import Copies, unencrypted
from tests.databases.objects import Fields
from tests.databases.responses import FINISHED, failure
from tests.databases.server import DatabaseServer
from tests.databases.sessions import sessions, wait_for
from tests.unit.fake_s3 import FakeS3

BITING = (
    b"9223372036854775807,1234567890123456789012345678.0123456789,a\\,b\\\nc\\\\d'\"%s,2024-02-29 23:59:59\n"
    b"-9223372036854775808,-0.0000000001,\xc3\xa9\xf0\x9f\x98\x80 \\\r,0001-01-01 00:00:00\n"
    b"0,\\n,,\\n\n"
    b"\\n,0.0000000000,\\\\N,1999-12-31 00:00:00\n"
)


def biting_table(server: DatabaseServer, table: str) -> None:
    time_type = "timestamp(0)" if server.is_postgresql else "datetime"
    server.execute(f"CREATE TABLE {table} (i bigint, d decimal(38, 10), t text, w {time_type})")


def test_null_as_databases_write_it_is_read_too_and_written_as_the_node_says(
    copies: Copies, table: str
) -> None:
    biting_table(copies.server, table)
    data = BITING.replace(b"\\n,", b"\\N,")
    assert data != BITING
    assert copies.load(data, table) == FINISHED
    assert copies.unload(table) == BITING
    source: Fields = {"type": "SqlDataNode", "table": table, "database": Ref("Db")}
    target: Fields = {"type": "S3DataNode", "filePath": "s3://b/out", "myNullAs": "NULL"}
    assert copies.run(
        {**source, "selectQuery": f"SELECT i, t FROM {table} WHERE t = '' OR i IS NULL"}, target
    )
    assert sorted(copies.s3.objects["b", "out"].splitlines()) == [b"0,", b"NULL,\\\\N"]


INSERT = "INSERT INTO #{table} (t, i, d, w) VALUES (?, ?, ?, ?)"


def test_data_that_bites_comes_back_as_it_went(copies: Copies, table: str) -> None:
    biting_table(copies.server, table)
    assert copies.load(BITING, table) == FINISHED
    rows = copies.server.query(f"SELECT i, d, t FROM {table}")
    assert [row[0] for row in rows] == [2**63 - 1, -(2**63), 0, None]
    assert [row[2] for row in rows] == ["a,b\nc\\d'\"%s", "é😀 \r", "", "\\N"]
    assert str(rows[0][1]) == "1234567890123456789012345678.0123456789"
    assert rows[2][1] is None
    assert copies.unload(table) == BITING


def test_an_insert_query_says_where_the_columns_go(copies: Copies, table: str) -> None:
    biting_table(copies.server, table)
    text = "concat('?', ?::text)" if copies.server.is_postgresql else "concat(if('a' like '%', '?', ''), ?)"
    insert = f"INSERT INTO {table} (i, d, t, w) VALUES (?, ?, {text}, ?);"
    assert copies.load(BITING * 700, table, insertQuery=insert) == FINISHED
    rows = copies.server.query(f"SELECT count(*), min(i), max(i), max(d), min(t) FROM {table}")
    assert tuple(map(str, rows[0])) == (
        "2800",
        str(-(2**63)),
        str(2**63 - 1),
        "1234567890123456789012345678.0123456789",
        "?",
    )


def test_an_upsert_takes_a_record_after_the_other(copies: Copies, table: str) -> None:
    copies.server.execute(f"CREATE TABLE {table} (k int primary key, n int)")
    known = "CONFLICT (k) DO UPDATE SET" if copies.server.is_postgresql else "DUPLICATE KEY UPDATE"
    insert = f"INSERT INTO {table} VALUES (?, ?) ON {known} n = {table}.n + 1"
    assert copies.load(b"1,1\n2,5\n1,1\n1,1\n", table, insertQuery=insert) == FINISHED
    assert copies.server.query(f"SELECT k, n FROM {table} ORDER BY k") == [(1, 3), (2, 5)]


def test_a_statement_without_values_takes_a_record_at_a_time(copies: Copies, table: str) -> None:
    copies.server.execute(f"CREATE TABLE {table} (n int)")
    cast = "CAST(? AS integer)" if copies.server.is_postgresql else "?"
    insert = f"INSERT INTO {table} SELECT {cast} + 1"
    assert copies.load(b"1\n2\n", table, insertQuery=insert) == FINISHED
    assert copies.server.query(f"SELECT n FROM {table} ORDER BY n") == [(2,), (3,)]


def test_the_columns_of_the_format_are_those_of_the_table(copies: Copies, table: str) -> None:
    copies.server.execute(f"CREATE TABLE {table} (a int, b varchar(10), c int DEFAULT 7)")
    kind: Fields = {"type": "TSV", "column": ["b STRING", "a INT"]}
    assert copies.load(b"x\t1\n\t\n", table, kind=kind) == FINISHED
    assert copies.server.query(f"SELECT a, b, c FROM {table}") == [(1, "x", 7), (None, "", 7)]


def test_the_table_is_created_unless_it_is_there(copies: Copies, table: str) -> None:
    for count in (1, 2):
        create = f"CREATE TABLE {table} (n int)"
        assert copies.load(b"1\n", table, createTableSql=create) == FINISHED
        assert copies.server.query(f"SELECT count(*) FROM {table}") == [(count,)]
    failure(copies.load(b"1\n", f"{table}x", createTableSql="CREATE TABLE ("), "StatementFailed")


def test_the_schema_of_the_node(copies: Copies, table: str) -> None:
    copies.server.execute(f"CREATE SCHEMA s{table}", f"CREATE TABLE s{table}.{table} (n int)")
    assert copies.load(b"5\n", table, schemaName=f"s{table}") == FINISHED
    assert copies.unload(table, schemaName=f"s{table}") == b"5\n"


def test_a_query_of_ones_own(copies: Copies, table: str) -> None:
    copies.server.execute(f"CREATE TABLE {table} (n int)", f"INSERT INTO {table} VALUES (1), (2), (3)")
    query = f"SELECT n, 'a%b;' AS t FROM {table} WHERE n > 1 ORDER BY n; -- done"
    kind: Fields = {"type": "Custom", "columnSeparator": "|"}
    assert copies.unload(table, selectQuery=query, kind=kind) == b"2|a%b;\n3|a%b;\n"


def out_of(table: str, query: str) -> tuple[Fields, Fields]:
    source: Fields = {"type": "SqlDataNode", "table": table, "database": Ref("Db"), "selectQuery": query}
    return source, {"type": "S3DataNode", "filePath": "s3://b/out"}


@pytest.mark.parametrize("second", ["SELECT 2", "DELETE FROM {}", "DROP TABLE {}"])
def test_a_query_of_two_statements_runs_neither(second: str, copies: Copies, table: str) -> None:
    copies.server.execute(f"CREATE TABLE {table} (n int)", f"INSERT INTO {table} VALUES (1)")
    query = f"SELECT n FROM {table}; {second.format(table)}"
    failure(copies.run(*out_of(table, query)), "StatementFailed")
    assert ("b", "out") not in copies.s3.objects
    assert copies.server.query(f"SELECT n FROM {table}") == [(1,)]


def test_an_insert_of_two_statements_runs_neither(copies: Copies, table: str) -> None:
    copies.server.execute(f"CREATE TABLE {table} (n int)")
    insert = f"INSERT INTO {table} VALUES (?); INSERT INTO {table} VALUES (9)"
    message = failure(copies.load(b"1\n2\n", table, insertQuery=insert), "StatementFailed")
    assert "insertQuery has to be one statement" in message
    assert copies.server.query(f"SELECT n FROM {table}") == []


def test_the_statement_that_makes_the_table_may_be_two(copies: Copies, table: str) -> None:
    create = f"CREATE TABLE {table} (n int, m int); CREATE INDEX i{table} ON {table} (m);"
    assert copies.load(b"1,2\n", table, createTableSql=create) == FINISHED
    assert copies.server.query(f"SELECT n, m FROM {table}") == [(1, 2)]
    broken = f"CREATE TABLE {table}x (n int); CREATE INDEX x ON {table}x (no_such)"
    assert "no_such" in failure(copies.load(b"1\n", f"{table}x", createTableSql=broken), "StatementFailed")


def test_a_procedure_may_give_the_rows_of_one_query_but_not_of_two(
    mariadb_server: DatabaseServer, s3: FakeS3, table: str
) -> None:
    copies = Copies(mariadb_server, s3)
    mariadb_server.execute(
        f"CREATE PROCEDURE one_{table}() BEGIN DO 1; SELECT 1; END",
        f"CREATE PROCEDURE two_{table}() BEGIN SELECT 1; SELECT 2; END",
    )
    assert copies.run(*out_of(table, f"CALL one_{table}()")) == FINISHED
    assert s3.objects.pop(("b", "out")) == b"1\n"
    assert "selectQuery" in failure(copies.run(*out_of(table, f"CALL two_{table}()")), "StatementFailed")
    assert ("b", "out") not in s3.objects


def test_an_empty_table_and_an_empty_file(copies: Copies, table: str) -> None:
    copies.server.execute(f"CREATE TABLE {table} (n int)")
    assert copies.load(b"", table) == FINISHED
    assert copies.unload(table) == b""


def test_many_files_of_a_gzip_directory_and_back_to_a_directory(copies: Copies, table: str) -> None:
    copies.server.execute(f"CREATE TABLE {table} (n int, t varchar(300))")
    lines = [f"{number},{'x' * (number % 300)}\n".encode() for number in range(5000)]
    copies.s3.objects = {("b", f"in/{part}.gz"): gzip.compress(b"".join(lines[part::3])) for part in range(3)}
    source: Fields = {"type": "S3DataNode", "directoryPath": "s3://b/in", "compression": "GZIP"}
    target: Fields = {"type": "SqlDataNode", "table": table, "database": Ref("Db")}
    assert copies.run(source, target) == FINISHED
    out: Fields = {"type": "S3DataNode", "directoryPath": "s3://c/out", "compression": "gzip"}
    query = f"SELECT * FROM {table} ORDER BY n"
    for _ in range(2):  # A repeated attempt replaces the file.
        assert copies.run({**target, "selectQuery": query}, out) == FINISHED
    (key,) = [key for bucket, key in copies.s3.objects if bucket == "c"]
    assert key == "out/Test_2026-01-01T00-00-00_df-TEST.csv.gz"
    assert gzip.decompress(copies.s3.objects["c", key]) == b"".join(lines)


def test_the_node_may_hold_the_connection_itself(copies: Copies, table: str) -> None:
    copies.server.execute(f"CREATE TABLE {table} (n int)")
    copies.s3.objects["b", "data"] = b"1\n"
    node = {**unencrypted(copies.server), "type": "MySqlDataNode", "table": table}
    assert copies.run({"type": "S3DataNode", "filePath": "s3://b/data"}, node) == FINISHED
    assert copies.server.query(f"SELECT n FROM {table}") == [(1,)]


def test_one_table_to_another(copies: Copies, table: str) -> None:
    biting_table(copies.server, table)
    copies.server.execute(f"CREATE TABLE {table}x AS SELECT * FROM {table}")
    assert copies.load(BITING, table) == FINISHED
    source: Fields = {"type": "SqlDataNode", "table": table, "database": Ref("Db")}
    assert copies.run(source, {**source, "table": f"{table}x"}) == FINISHED
    assert copies.unload(f"{table}x") == BITING


UUID = "00000000-0000-0000-0000-000000000001"


def test_other_types_in_the_servers_own_form(
    postgresql_server: DatabaseServer, s3: FakeS3, table: str
) -> None:
    copies = Copies(postgresql_server, s3)
    postgresql_server.execute(
        f"CREATE TABLE {table} (b boolean, f float8, z timestamptz, y bytea, a int[], j jsonb, u uuid)",
        f"INSERT INTO {table} VALUES (true, 0.1, '2024-05-01 12:00:00+02', '\\x00ff', '{{1,NULL}}', "
        f"""'{{"a": 1}}', '{UUID}')""",
    )
    data = copies.unload(table, kind={"type": "TSV"})
    assert data == (
        b't\t0.1\t2024-05-01 10:00:00+00\t\\\\x00ff\t{1,NULL}\t{"a": 1}\t' + UUID.encode() + b"\n"
    )
    assert copies.load(data, table, kind={"type": "TSV"}) == FINISHED
    assert postgresql_server.query(f"SELECT count(*) FROM (SELECT DISTINCT * FROM {table}) x") == [(1,)]


def test_binary_columns_of_mysql_are_refused(mariadb_server: DatabaseServer, s3: FakeS3, table: str) -> None:
    copies = Copies(mariadb_server, s3)
    mariadb_server.execute(
        f"CREATE TABLE {table} (n int, j json, x blob)", f"INSERT INTO {table} VALUES (1, '[1]', 'abc')"
    )
    source: Fields = {"type": "SqlDataNode", "table": table, "database": Ref("Db")}
    target: Fields = {"type": "S3DataNode", "filePath": "s3://b/out"}
    assert "HEX(x)" in failure(copies.run(source, target), "BinaryColumn")
    assert ("b", "out") not in s3.objects
    assert copies.unload(table, selectQuery=f"SELECT n, j, HEX(x) FROM {table}") == b"1,[1],616263\n"


GOOD = b"".join(b"%d,ok\n" % number for number in range(3000))


@pytest.mark.parametrize("insert", ["", "INSERT INTO {} VALUES (?, ?)"])
@pytest.mark.parametrize(
    ("end", "error_id", "told"),
    [
        (b"x,bad\n", "StatementFailed", "x"),
        (b"1\n", "InvalidData", "record 3,001: it has 1 columns"),
        (b"1,2,3\n", "InvalidData", "record 3,001: it has 3 columns"),
        (b"1,waytoolong\n", "StatementFailed", "too long"),
        (b"99999999999999999999,ok\n", "StatementFailed", "out of range"),
        (b"1,\xff\n", "InvalidData", "UTF-8"),
        (b"1,a\r\n", "InvalidData", "carriage return"),
    ],
)
def test_a_failure_at_the_end_leaves_nothing(
    insert: str, end: bytes, error_id: str, told: str, copies: Copies, table: str
) -> None:
    copies.server.execute(f"CREATE TABLE {table} (n int, t varchar(5))")
    insert_query: Any = {"insertQuery": insert.format(table)} if insert else {}
    message = failure(copies.load(GOOD + end, table, **insert_query), error_id)
    assert told.lower() in message.lower()
    assert copies.server.query(f"SELECT count(*) FROM {table}") == [(0,)]


NOTHING_LEFT = "Nothing of it is left in its tables."


@pytest.mark.parametrize("end", [b"1,waytoolong\n", b"1\n", b"1,\xff\n"])
@pytest.mark.parametrize("insert", ["", "INSERT INTO {} VALUES (?, ?)"])
def test_the_message_says_that_nothing_is_left(insert: str, end: bytes, copies: Copies, table: str) -> None:
    copies.server.execute(f"CREATE TABLE {table} (n int, t varchar(5))")
    insert_query: Any = {"insertQuery": insert.format(table)} if insert else {}
    response = copies.load(GOOD + end, table, **insert_query)
    assert response["errorMessage"].endswith(NOTHING_LEFT)


@pytest.mark.parametrize("end", [b"1,waytoolong\n", b"1\n"])
def test_the_message_says_that_rows_of_tables_without_transactions_stay(
    end: bytes, mariadb_server: DatabaseServer, s3: FakeS3, table: str
) -> None:
    copies = Copies(mariadb_server, s3)
    mariadb_server.execute(f"CREATE TABLE {table} (n int, t varchar(5)) ENGINE=MyISAM")
    message = copies.load(GOOD + end, table)["errorMessage"]
    assert NOTHING_LEFT not in message
    assert message.endswith("All is rolled back but rows in tables without transactions, such as MyISAM.")
    ((count,),) = mariadb_server.query(f"SELECT count(*) FROM {table}")
    assert count > 0


def test_the_message_says_what_the_making_of_the_table_has_committed(copies: Copies, table: str) -> None:
    """What follows it is still one transaction."""
    create = f"CREATE TABLE {table} (n int, t varchar(5)); INSERT INTO {table} VALUES (7, 'own'); COMMIT"
    insert = f"INSERT INTO {table} VALUES (?, ?)"
    message = copies.load(GOOD + b"x,bad\n", table, createTableSql=create, insertQuery=insert)["errorMessage"]
    assert message.endswith("All is rolled back but what createTableSql did.")
    assert copies.server.query(f"SELECT * FROM {table}") == [(7, "own")]
    create = f"CREATE TABLE {table}x (n int, t varchar(5))"
    message = copies.load(GOOD + b"x,bad\n", f"{table}x", createTableSql=create)["errorMessage"]
    assert message.endswith(NOTHING_LEFT) is copies.server.is_postgresql
    found = f"SELECT count(*) FROM information_schema.tables WHERE table_name = '{table}x'"
    assert copies.server.query(found) == [(0 if copies.server.is_postgresql else 1,)]


def test_the_message_does_not_say_what_a_procedure_has_committed(copies: Copies, table: str) -> None:
    if copies.server.is_postgresql:
        body = f"LANGUAGE sql AS $$ INSERT INTO {table} VALUES ($1::int) $$"
        procedure = f"CREATE PROCEDURE p{table}(text) {body}"
    else:
        procedure = f"CREATE PROCEDURE p{table}(n text) BEGIN INSERT INTO {table} VALUES (n); COMMIT; END"
    copies.server.execute(f"CREATE TABLE {table} (n int)", procedure)
    message = copies.load(b"1\n2\nx\n", table, insertQuery=f"CALL p{table}(?)")["errorMessage"]
    assert message.endswith(NOTHING_LEFT) is copies.server.is_postgresql
    left = copies.server.query(f"SELECT count(*) FROM {table}")
    assert left == [(0 if copies.server.is_postgresql else 2,)]


def test_a_query_that_is_refused_says_nothing_of_what_is_left(copies: Copies, table: str) -> None:
    message = failure(copies.run(*out_of(table, "SELECT no_such")), "StatementFailed")
    assert "no_such" in message
    assert "left" not in message


def test_too_few_columns_for_the_table(copies: Copies, table: str) -> None:
    copies.server.execute(f"CREATE TABLE {table} (n int, t varchar(5))")
    failure(copies.load(b"1\n", table), "StatementFailed")
    insert = f"INSERT INTO {table} VALUES (?, ?)"
    assert "1 columns" in failure(copies.load(b"1\n", table, insertQuery=insert), "InvalidData")


def test_a_table_that_does_not_exist(copies: Copies, table: str) -> None:
    assert table in failure(copies.load(b"1\n", table), "StatementFailed")
    source: Fields = {"type": "SqlDataNode", "table": table, "database": Ref("Db")}
    response = copies.run(source, {"type": "S3DataNode", "filePath": "s3://b/out"})
    assert table in failure(response, "StatementFailed")
    assert ("b", "out") not in copies.s3.objects


def test_a_wrong_password(copies: Copies, table: str, log: io.StringIO) -> None:
    wrong = "wrong-canary"
    refused = {"Db": unencrypted(copies.server, **{"*password": wrong})}
    message = failure(copies.load(b"1\n", table, given=refused), "LoginFailed")
    assert wrong not in message + log.getvalue()


def test_another_database_is_refused(copies: Copies, table: str) -> None:
    for url in ("jdbc:oracle:thin:@//h:1/x", "jdbc:redshift://h:5439/dev"):
        response = copies.load(b"1\n", table, given={"Db": unencrypted(copies.server, connectionString=url)})
        failure(response, "UnsupportedDatabase")


def end_sessions(server: DatabaseServer) -> bool:
    """End all sessions of the copy. Returns whether there were any."""
    if server.is_postgresql:
        ended = server.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'data-pipeline-task-runner'"
        )
        return bool(ended)
    numbers = server.query(
        "SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND time_ms > 50"
    )
    for (number,) in numbers:
        with suppress(Exception):
            server.execute(f"KILL {number}")
    return bool(numbers)


def endless(s3: FakeS3, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[int], None]) -> None:
    """Make ``s3://b/data`` a long object that arrives slowly. Each range calls ``meanwhile``."""
    data = b"1,ok\n" * 2000
    count = 0

    def get_object(**_: Any) -> Any:
        nonlocal count
        count += 1
        meanwhile(count)
        return {"Body": io.BytesIO(data)}

    monkeypatch.setattr(s3, "get_object", get_object)
    monkeypatch.setattr("copying.s3_objects.RANGE_BYTES", len(data))
    monkeypatch.setattr(
        s3, "head_object", lambda **_: {"ContentLength": 500 * len(data), "ETag": "x", "Metadata": {}}
    )


def test_a_server_that_goes_away_in_the_middle(
    copies: Copies, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies.server.execute(f"CREATE TABLE {table} (n int, t varchar(5))")

    def meanwhile(count: int) -> None:
        if count == 20:
            deadline = time.monotonic() + 20
            while not end_sessions(copies.server) and time.monotonic() < deadline:
                time.sleep(0.02)

    endless(copies.s3, monkeypatch, meanwhile)
    monkeypatch.setattr("copying.postgresql_tables._LOOK_BYTES", 1)
    message = failure(copies.load(b"", table), "ConnectionLost")
    if copies.server.is_postgresql:
        assert "terminating connection due to administrator command (SQLSTATE 57P01)." in message
    assert copies.server.query(f"SELECT count(*) FROM {table}") == [(0,)]


def test_a_canceled_copy_leaves_nothing(copies: Copies, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    copies.server.execute(f"CREATE TABLE {table} (n int, t varchar(5))")
    monkeypatch.setenv("PROGRESS_INTERVAL_SECONDS", "0.1")
    service = FakeDataPipeline()

    def meanwhile(count: int) -> None:
        service.canceled = count > 5
        time.sleep(0.05)

    endless(copies.s3, monkeypatch, meanwhile)
    source: Fields = {"type": "S3DataNode", "filePath": "s3://b/data"}
    target: Fields = {"type": "SqlDataNode", "table": table, "database": Ref("Db")}
    assert copies.run(source, target, service=service) == {"status": "CANCELED"}
    assert copies.server.query(f"SELECT count(*) FROM {table}") == [(0,)]


def test_a_copy_that_takes_too_long_leaves_nothing(
    copies: Copies, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies.server.execute(f"CREATE TABLE {table} (n int, t varchar(5))")
    endless(copies.s3, monkeypatch, lambda _: time.sleep(0.05))
    source: Fields = {"type": "S3DataNode", "filePath": "s3://b/data"}
    target: Fields = {"type": "SqlDataNode", "table": table, "database": Ref("Db")}
    assert "app.py" in failure(copies.run(source, target, seconds=1), "HandlerTimeout")
    assert copies.server.query(f"SELECT count(*) FROM {table}") == [(0,)]


def test_a_table_that_takes_too_long_to_make_is_not_made_on(copies: Copies, table: str) -> None:
    sleep = "pg_sleep(60)::text" if copies.server.is_postgresql else "sleep(60)"
    create = f"CREATE TABLE {table} AS SELECT {sleep}"
    copies.s3.objects["b", "data"] = b"1\n"
    source: Fields = {"type": "S3DataNode", "filePath": "s3://b/data"}
    target: Fields = {
        "type": "SqlDataNode",
        "table": table,
        "database": Ref("Db"),
        "createTableSql": create,
    }
    failure(copies.run(source, target, seconds=1), "HandlerTimeout")
    wait_for(lambda: not sessions(copies.server, f"CREATE TABLE {table} "), seconds=2)


def test_an_error_at_the_beginning_ends_a_long_copy(
    copies: Copies, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies.server.execute(f"CREATE TABLE {table} (n int, t varchar(1))")
    counts: list[int] = []

    def meanwhile(count: int) -> None:
        counts.append(count)
        time.sleep(0.02)

    endless(copies.s3, monkeypatch, meanwhile)
    monkeypatch.setattr("copying.mysql_load._CHUNK_BYTES", 1)
    monkeypatch.setattr("copying.postgresql_tables._LOOK_BYTES", 1)
    failure(copies.load(b"", table), "StatementFailed")
    assert max(counts) < 250


def test_a_refused_row_ends_a_long_query_between_tables(copies: Copies, table: str) -> None:
    rows = "generate_series(1, 1000) AS g" if copies.server.is_postgresql else "seq_1_to_1000"
    sleep = "pg_sleep(0.1) IS NOT NULL" if copies.server.is_postgresql else "sleep(0.1) = 0"
    copies.server.execute(f"CREATE TABLE {table} (t varchar(1))")
    source: Fields = {
        "type": "SqlDataNode",
        "table": "t",
        "database": Ref("Db"),
        "selectQuery": f"SELECT repeat('x', 300000) FROM {rows} WHERE {sleep}",
    }
    target: Fields = {"type": "SqlDataNode", "table": table, "database": Ref("Db")}
    failure(copies.run(source, target, seconds=50), "StatementFailed")


def test_a_query_that_takes_too_long_makes_no_object(copies: Copies) -> None:
    sleep = "pg_sleep(60)" if copies.server.is_postgresql else "sleep(60)"
    source: Fields = {
        "type": "SqlDataNode",
        "table": "t",
        "database": Ref("Db"),
        "selectQuery": f"SELECT {sleep}",
    }
    target: Fields = {"type": "S3DataNode", "filePath": "s3://b/out"}
    failure(copies.run(source, target, seconds=1), "HandlerTimeout")
    assert copies.s3.objects == {}


def test_a_failure_while_a_large_result_is_read_ends_at_once(copies: Copies) -> None:
    series = (
        "SELECT g, repeat('x', 1000) FROM generate_series(1, 200000) g"
        if copies.server.is_postgresql
        else "SELECT seq, repeat('x', 1000) FROM seq_1_to_200000"
    )
    kind: Fields = {"type": "CSV", "column": ["a INT"]}
    source: Fields = {"type": "SqlDataNode", "table": "t", "database": Ref("Db"), "selectQuery": series}
    target: Fields = {"type": "S3DataNode", "filePath": "s3://b/out", "dataFormat": Ref("Csv")}
    failure(copies.run(source, target, objects={"Csv": kind}), "InvalidData")
    assert copies.s3.objects == {}


printable = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(printable, st.none() | printable), max_size=20))
def test_any_text_survives(rows: list[tuple[str, str | None]], copies: Copies) -> None:
    copies.server.execute("DROP TABLE IF EXISTS any_text", "CREATE TABLE any_text (a text, b text)")
    from data_formats.delimited import Delimited

    data = "".join(Delimited.csv().write(rows)).encode()
    assert copies.load(data, "any_text") == FINISHED
    assert sorted(copies.server.query("SELECT a, b FROM any_text"), key=str) == sorted(rows, key=str)
    assert sorted(copies.unload("any_text").split(b"\n")) == sorted(data.split(b"\n"))
