"""Changes that ``selectQuery`` makes in its own database, and what expressions in ``insertQuery`` see."""

from __future__ import annotations

import io
import json
from typing import Any

from runner.testing import FieldValue, Ref
from tests.databases.copies import Copies
from tests.databases.objects import database
from tests.databases.responses import FINISHED, failure
from tests.databases.server import DatabaseServer
from tests.unit.fake_s3 import FakeS3


def takes_new_rows(server: DatabaseServer, table: str) -> str:
    """Create a table, and return a query that returns each row once, because it marks them."""
    server.execute(
        f"CREATE TABLE {table} (id int, done int DEFAULT 0)", f"INSERT INTO {table} (id) VALUES (1), (2)"
    )
    if server.is_postgresql:
        server.execute(
            f"CREATE FUNCTION f{table}() RETURNS SETOF {table} LANGUAGE sql AS "
            f"'UPDATE {table} SET done = 1 WHERE done = 0 RETURNING *'"
        )
        return f"SELECT id FROM f{table}()"
    server.execute(
        f"CREATE PROCEDURE p{table}() BEGIN SELECT id FROM {table} WHERE done = 0; "
        f"UPDATE {table} SET done = 1; END"
    )
    return f"CALL p{table}()"


def test_what_a_query_changes_stays_so_that_its_rows_come_once(copies: Copies, table: str) -> None:
    query = takes_new_rows(copies.server, table)
    assert copies.unload(table, selectQuery=query) == b"1\n2\n"
    assert copies.server.query(f"SELECT * FROM {table} ORDER BY id") == [(1, 1), (2, 1)]
    assert copies.unload(table, selectQuery=query) == b""


def test_rows_go_once_from_table_to_table(copies: Copies, table: str) -> None:
    query = takes_new_rows(copies.server, table)
    copies.server.execute(f"CREATE TABLE {table}_copied (id int)")
    node: dict[str, FieldValue] = {"type": "SqlDataNode", "table": table, "database": Ref("Db")}
    for _ in range(2):
        assert copies.run({**node, "selectQuery": query}, {**node, "table": f"{table}_copied"}) == FINISHED
    assert copies.server.query(f"SELECT * FROM {table}_copied ORDER BY id") == [(1,), (2,)]


def test_rows_that_a_query_deletes_are_gone(mariadb_server: DatabaseServer, s3: FakeS3, table: str) -> None:
    mariadb_server.execute(f"CREATE TABLE {table} (id int)", f"INSERT INTO {table} VALUES (1), (2)")
    unloaded = Copies(mariadb_server, s3).unload(table, selectQuery=f"DELETE FROM {table} RETURNING id")
    assert unloaded == b"1\n2\n"
    assert mariadb_server.query(f"SELECT * FROM {table}") == []


def test_what_a_query_changes_is_rolled_back_if_the_copy_fails(copies: Copies, table: str) -> None:
    query = takes_new_rows(copies.server, table)
    copies.server.execute(f"CREATE TABLE {table}_copied (id int, more int NOT NULL)")
    node: dict[str, FieldValue] = {"type": "SqlDataNode", "table": table, "database": Ref("Db")}
    failure(
        copies.run({**node, "selectQuery": query}, {**node, "table": f"{table}_copied", "insertQuery":
            f"INSERT INTO {table}_copied (id, more) VALUES (?, NULL)"}),
        "StatementFailed",
    )  # fmt: skip
    assert copies.server.query(f"SELECT * FROM {table} ORDER BY id") == [(1, 0), (2, 0)]


def test_a_source_that_cannot_be_committed_is_told(
    postgresql_server: DatabaseServer, s3: FakeS3, table: str
) -> None:
    """The server checks the constraint at the end of the transaction."""
    postgresql_server.execute(
        f"CREATE TABLE {table} (id int PRIMARY KEY, next int REFERENCES {table} "
        "DEFERRABLE INITIALLY DEFERRED)",
        f"INSERT INTO {table} VALUES (1, 1)",
        f"CREATE FUNCTION f{table}() RETURNS SETOF {table} LANGUAGE sql AS "
        f"'UPDATE {table} SET next = 7 RETURNING *'",
        f"CREATE TABLE {table}_copied (id int)",
    )
    copies = Copies(postgresql_server, s3)
    source: dict[str, FieldValue] = {
        "type": "SqlDataNode",
        "table": table,
        "database": Ref("Db"),
        "selectQuery": f"SELECT id FROM f{table}()",
    }
    message = failure(
        copies.run(source, {"type": "S3DataNode", "filePath": "s3://b/out"}), "SourceNotCommitted"
    )
    assert "foreign key" in message
    assert "s3://b/out is written" in message
    assert "selectQuery" in message
    target: dict[str, FieldValue] = {"type": "SqlDataNode", "table": f"{table}_copied", "database": Ref("Db")}
    message = failure(copies.run(source, target), "SourceNotCommitted")
    assert f"rows are committed in {table}_copied" in message
    assert postgresql_server.query(f"SELECT * FROM {table}_copied") == [(1,)]
    assert postgresql_server.query(f"SELECT * FROM {table}") == [(1, 1)]


def test_a_source_that_was_only_read_may_be_gone_at_the_end(
    postgresql_server: DatabaseServer, s3: FakeS3, table: str
) -> None:
    """The server ends an idle session, here while the target's trigger takes its time."""
    postgresql_server.execute(
        f"CREATE TABLE {table} (id int)",
        f"INSERT INTO {table} VALUES (1), (2)",
        f"CREATE TABLE {table}_copied (id int)",
        f"CREATE FUNCTION f{table}() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END'",
        f"CREATE TRIGGER t BEFORE INSERT ON {table}_copied FOR EACH ROW EXECUTE FUNCTION f{table}()",
        f"CREATE FUNCTION u{table}() RETURNS SETOF {table} LANGUAGE sql AS "
        f"'UPDATE {table} SET id = id RETURNING *'",
    )
    node: dict[str, FieldValue] = {"type": "SqlDataNode", "table": table, "database": Ref("Impatient")}
    target: dict[str, FieldValue] = {"type": "SqlDataNode", "table": f"{table}_copied", "database": Ref("Db")}
    url = f"{postgresql_server.url}?options=-c%20idle_in_transaction_session_timeout=200"
    impatient = database(postgresql_server, connectionString=url, jdbcProperties="sslmode=disable")

    def run(query: str) -> dict[str, Any]:
        source = {**node, "selectQuery": query}
        return Copies(postgresql_server, s3).run(source, target, objects={"Impatient": impatient})

    assert run(f"SELECT id FROM {table}") == FINISHED
    failure(run(f"SELECT id FROM u{table}()"), "SourceNotCommitted")
    assert postgresql_server.query(f"SELECT count(*) FROM {table}_copied") == [(4,)]


def test_an_expression_sees_the_records_before_its_own(copies: Copies, table: str) -> None:
    copies.server.execute(f"CREATE TABLE {table} (id int, t varchar(9))")
    insert = (
        f"INSERT INTO {table} (id, t) VALUES ((SELECT m FROM (SELECT coalesce(max(id), 0) + 1 AS m "
        f"FROM {table}) AS x), ?)"
    )
    assert copies.load(b"a\nb\nc\n", table, insertQuery=insert) == FINISHED
    assert copies.server.query(f"SELECT * FROM {table} ORDER BY t") == [(1, "a"), (2, "b"), (3, "c")]


def test_an_expression_sees_the_number_that_the_record_before_got(
    mariadb_server: DatabaseServer, s3: FakeS3, table: str
) -> None:
    mariadb_server.execute(f"CREATE TABLE {table} (id int AUTO_INCREMENT PRIMARY KEY, before_it int, t text)")
    insert = f"INSERT INTO {table} (before_it, t) VALUES (LAST_INSERT_ID(), ?)"
    assert Copies(mariadb_server, s3).load(b"a\nb\nc\n", table, insertQuery=insert) == FINISHED
    assert mariadb_server.query(f"SELECT before_it, t FROM {table} ORDER BY t") == [
        (0, "a"),
        (1, "b"),
        (2, "c"),
    ]


def test_a_function_of_ones_own_sees_the_records_before_its_own(
    postgresql_server: DatabaseServer, s3: FakeS3, table: str
) -> None:
    postgresql_server.execute(
        f"CREATE TABLE {table} (n int, t text)",
        f"CREATE FUNCTION f{table}() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM {table}'",
    )
    insert = f"INSERT INTO {table} (n, t) VALUES (f{table}(), ?)"
    assert Copies(postgresql_server, s3).load(b"a\nb\nc\n", table, insertQuery=insert) == FINISHED
    assert postgresql_server.query(f"SELECT * FROM {table} ORDER BY t") == [(0, "a"), (1, "b"), (2, "c")]


def test_the_log_tells_how_many_rows_were_copied(copies: Copies, log: io.StringIO, table: str) -> None:
    copies.server.execute(
        f"CREATE TABLE {table} (n int, s varchar(9))", f"CREATE TABLE {table}_b (n bigint, s varchar(9))"
    )
    assert copies.load(b"1,a\n2,b\n3,c\n", table) == FINISHED
    node: dict[str, FieldValue] = {"type": "SqlDataNode", "table": table, "database": Ref("Db")}
    for target, rows in ((table, 3), (f"{table}_b", 6), (f"{table}_b", 6)):
        assert copies.run(node, {**node, "table": target}) == FINISHED
        assert _rows_told(log) == rows
    assert len(copies.unload(f"{table}_b").splitlines()) == 12
    assert _rows_told(log) == 12


def _rows_told(log: io.StringIO) -> int:
    told = [json.loads(line) for line in log.getvalue().splitlines()]
    return int([line["rows"] for line in told if "rows" in line][-1])
