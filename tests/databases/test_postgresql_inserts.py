"""Tables in PostgreSQL for which COPY differs from INSERT: views, rules, row-level security."""

from __future__ import annotations

import pytest

from runner.testing import FieldValue, Ref
from tests.databases.copies import Copies, unencrypted
from tests.databases.responses import FINISHED, failure


def test_a_view_that_may_be_written(postgresql: Copies, table: str) -> None:
    postgresql.server.execute(
        f"CREATE TABLE {table} (id int, t text)", f"CREATE VIEW v{table} AS SELECT t, id FROM {table}"
    )
    assert postgresql.load(b"a,1\n\\N,2\n" * 600, f"v{table}") == FINISHED
    assert postgresql.server.query(f"SELECT count(*), min(t), sum(id) FROM {table}") == [(1200, "a", 1800)]
    columns = {"type": "CSV", "column": ["id INT", "t STRING"]}
    assert postgresql.load(b"7,b\n", f'public."v{table}"', kind=columns) == FINISHED  # type: ignore[arg-type]
    assert postgresql.server.query(f"SELECT * FROM {table} WHERE id = 7") == [(7, "b")]


def test_rules_are_kept(postgresql: Copies, table: str) -> None:
    postgresql.server.execute(
        f"CREATE TABLE {table} (id int)",
        f"CREATE TABLE {table}_log (id int)",
        f"CREATE RULE r AS ON INSERT TO {table} DO ALSO INSERT INTO {table}_log VALUES (NEW.id)",
    )
    assert postgresql.load(b"1\n2\n", table) == FINISHED
    assert postgresql.server.query(f"SELECT * FROM {table}_log ORDER BY id") == [(1,), (2,)]


def test_policies_for_rows_are_kept(postgresql: Copies, table: str) -> None:
    postgresql.server.execute(
        f"CREATE TABLE {table} (i int)",
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY p ON {table} USING (true) WITH CHECK (i < 5)",
        f"CREATE ROLE r{table} LOGIN PASSWORD 'x-canary-1'",
        f"GRANT ALL ON {table} TO r{table}",
    )
    given = {"Db": unencrypted(postgresql.server, username=f"r{table}", **{"*password": "x-canary-1"})}
    assert postgresql.load(b"1\n", table, given=given) == FINISHED
    message = failure(postgresql.load(b"2\n7\n", table, given=given), "StatementFailed")
    assert "row-level security policy" in message
    assert postgresql.server.query(f"SELECT * FROM {table}") == [(1,)]


def test_a_view_with_too_few_values_is_refused(postgresql: Copies, table: str) -> None:
    postgresql.server.execute(
        f"CREATE TABLE {table} (id int, t text NOT NULL)",
        f"CREATE VIEW v{table} AS SELECT id, t FROM {table}",
    )
    for data, number in ((b"1\n", 1), (b"1,a,b\n", 3)):
        message = failure(postgresql.load(data, f"v{table}"), "InvalidData")
        assert f"it has {number} columns, and 2 are inserted" in message
    assert postgresql.server.query(f"SELECT * FROM {table}") == []


def test_generated_columns_take_no_values(postgresql: Copies, table: str) -> None:
    postgresql.server.execute(
        f"CREATE TABLE {table} (id int, twice int GENERATED ALWAYS AS (id * 2) STORED, t text)",
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
    )
    assert postgresql.load(b"1,a\n", table) == FINISHED
    assert postgresql.server.query(f"SELECT * FROM {table}") == [(1, 2, "a")]


def test_a_table_with_its_columns_in_the_field(postgresql: Copies, table: str) -> None:
    postgresql.server.execute(f"CREATE TABLE {table} (a int, b int, c int)")
    assert postgresql.load(b"1,2\n", f"{table} (c, a)") == FINISHED
    assert postgresql.server.query(f"SELECT * FROM {table}") == [(2, None, 1)]


@pytest.mark.parametrize("query", ["SHOW timezone", "EXPLAIN SELECT 1", "UPDATE {} SET i = 2 RETURNING i"])
def test_the_message_says_which_statements_give_rows(query: str, postgresql: Copies, table: str) -> None:
    postgresql.server.execute(f"CREATE TABLE {table} (i int)")
    source: dict[str, FieldValue] = {
        "type": "SqlDataNode", "table": table, "database": Ref("Db"), "selectQuery": query.format(table)
    }  # fmt: skip
    response = postgresql.run(source, {"type": "S3DataNode", "filePath": "s3://b/out"})
    assert "has to begin with SELECT, VALUES, WITH" in failure(response, "StatementFailed")


def test_a_schema_may_be_named_twice_but_not_another(postgresql: Copies, table: str) -> None:
    postgresql.server.execute(f"CREATE TABLE {table} (i int)")
    assert postgresql.load(b"1\n", f"public.{table}", schemaName="public") == FINISHED
    assert postgresql.unload(f"public.{table}", schemaName="public") == b"1\n"
    message = failure(postgresql.load(b"1\n", f"public.{table}", schemaName="other"), "InvalidField")
    assert "schemaName says 'other'" in message
