"""What ``createTableSql`` sets or commits in the session of a copy."""

from __future__ import annotations

import pytest

from runner.testing import FieldValue, Ref
from tests.databases.copies import Copies
from tests.databases.responses import FINISHED, failure

DATA = "é,2024-07-01 12:00:00\n".encode()


@pytest.mark.parametrize(
    "before",
    [
        "SET client_encoding = 'LATIN1'; ",
        "SET TimeZone = 'America/New_York'; ",
        "SET DateStyle = 'SQL, DMY'; ",
    ],
)
@pytest.mark.parametrize("after", ["", "; COMMIT", "; COMMIT; BEGIN"])
def test_what_a_dump_sets_is_not_meant_for_the_copy(
    before: str, after: str, postgresql: Copies, table: str
) -> None:
    create = f"{before}CREATE TABLE {table} (a text, b timestamptz){after}"
    assert postgresql.load(DATA, table, createTableSql=create) == FINISHED
    found = postgresql.server.query(f"SELECT a, b = '2024-07-01 12:00:00+00' FROM {table}")
    assert found == [("é", True)]


def test_text_of_another_table_too(postgresql: Copies, table: str) -> None:
    postgresql.server.execute(f"CREATE TABLE {table} (a text)", f"INSERT INTO {table} VALUES ('é')")
    node: dict[str, FieldValue] = {"type": "SqlDataNode", "database": Ref("Db")}
    for number, kind in enumerate(("text", "varchar")):
        target = f"{table}_{number}"
        create = f"SET client_encoding = 'LATIN1'; CREATE TABLE {target} (a {kind})"
        copied = postgresql.run({**node, "table": table}, {**node, "table": target, "createTableSql": create})
        assert copied == FINISHED
        assert postgresql.server.query(f"SELECT a FROM {target}") == [("é",)]


def test_what_it_commits_is_told_where_it_begins_another_transaction(postgresql: Copies, table: str) -> None:
    create = f"CREATE TABLE {table} (a int); COMMIT; BEGIN"
    message = failure(postgresql.load(b"x\n", table, createTableSql=create), "StatementFailed")
    assert "All is rolled back but what createTableSql did" in message


def test_many_notices_of_a_trigger_block_nothing(postgresql: Copies, table: str) -> None:
    postgresql.server.execute(
        f"CREATE TABLE {table} (n int)",
        f"CREATE FUNCTION tell_{table}() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE NOTICE '%', repeat('x', 20000); RETURN NEW; END $$",
        f"CREATE TRIGGER tells BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION tell_{table}()",
    )
    data = b"".join(b"%d\n" % number for number in range(2000))
    assert postgresql.load(data * 3, table) == FINISHED
    assert postgresql.server.query(f"SELECT count(*) FROM {table}") == [(6000,)]
