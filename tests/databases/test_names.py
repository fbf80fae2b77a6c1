"""Names of tables and columns, in statements and in the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from activities import copy_activity, exists, sql_activity
from runner.testing import FieldValue, Ref, run_handler
from tests.databases.objects import database
from tests.databases.responses import FINISHED
from tests.databases.server import DATABASE, DatabaseServer
from tests.unit.fake_s3 import FakeS3

Fields = Mapping[str, FieldValue]
NAMES = {
    "plain": "{table}",
    "upper_case": "{TABLE}",
    "quoted": "'{table}'",
    "reserved": "'select {table}'",
    "with_a_dot": "'a.{table}'",
    "with_a_quote": "'a''b{table}'",
    "qualified": "{schema}.{table}",
    "qualified_and_quoted": "'{schema}'.'{table} é'",
    "with_spaces_around": " {table} ",
}


def name_of(case: str, server: DatabaseServer, table: str) -> str:
    """The name for use in statements, with the server's quotes."""
    schema = "public" if server.is_postgresql else DATABASE
    text = NAMES[case].format(table=table, TABLE=table.upper(), schema=schema)
    return text.replace("'", '"' if server.is_postgresql else "`")


def node_of(name: str, **fields: FieldValue) -> Fields:
    return {"type": "SqlDataNode", "table": name, "database": Ref("Db"), **fields}


def check(server: DatabaseServer, node: Fields, **db: FieldValue) -> dict[str, Any]:
    objects = {"Data": node, "Db": database(server, **db)}
    return run_handler(exists.handler, {"type": "Exists", "node": Ref("Data")}, objects=objects)


@pytest.mark.parametrize("case", NAMES)
def test_a_table_is_found_by_the_name_that_statements_have(
    case: str, server: DatabaseServer, table: str, s3: FakeS3
) -> None:
    name = name_of(case, server, table)
    create = f"CREATE TABLE {name} (n int)"
    assert check(server, node_of(name)) == {"status": "FALSE"}
    s3.objects["b", "data"] = b"1\n"
    objects = {
        "In": {"type": "S3DataNode", "filePath": "s3://b/data"},
        "Out": node_of(name, createTableSql=create),
        "Db": database(server),
    }
    fields: Fields = {"type": "CopyActivity", "input": Ref("In"), "output": Ref("Out")}
    for _ in range(2):  # The second time, the table exists.
        assert run_handler(copy_activity.handler, fields, objects=objects) == FINISHED
    script: Fields = {
        "type": "SqlActivity",
        "script": f"INSERT INTO {name} VALUES (1)",
        "database": Ref("Db"),
        "output": Ref("Out"),
    }
    assert run_handler(sql_activity.handler, script, objects=objects) == FINISHED
    assert server.query(f"SELECT n FROM {name}") == [(1,)] * 3
    assert check(server, node_of(name)) == FINISHED
    server.execute(f"DROP TABLE {name}")


def test_the_schema_may_be_quoted_too(server: DatabaseServer, table: str) -> None:
    quote = '"' if server.is_postgresql else "`"
    schema = f"{quote}a.b {table}{quote}"
    server.execute(f"CREATE SCHEMA {schema}")
    assert check(server, node_of(table, schemaName=schema)) == {"status": "FALSE"}
    server.execute(f"CREATE TABLE {schema}.{table} (n int)")
    assert check(server, node_of(table, schemaName=schema)) == FINISHED
    assert check(server, node_of(table)) == {"status": "FALSE"}


def test_a_schema_that_does_not_exist_has_no_tables(server: DatabaseServer, table: str) -> None:
    assert check(server, node_of(table, schemaName=f"no_{table}")) == {"status": "FALSE"}


def test_views_are_found_and_indexes_are_not(server: DatabaseServer, table: str) -> None:
    server.execute(
        f"CREATE TABLE {table} (n int)",
        f"CREATE INDEX i{table} ON {table} (n)",
        f"CREATE VIEW v{table} AS SELECT n FROM {table}",
    )
    assert check(server, node_of(f"v{table}")) == FINISHED
    assert check(server, node_of(f"i{table}")) == {"status": "FALSE"}


def test_a_view_that_is_broken_is_there(mariadb_server: DatabaseServer, table: str) -> None:
    mariadb_server.execute(
        f"CREATE TABLE {table} (n int)",
        f"CREATE VIEW v{table} AS SELECT n FROM {table}",
        f"DROP TABLE {table}",
    )
    assert check(mariadb_server, node_of(f"v{table}")) == FINISHED


def test_what_may_not_be_looked_at_is_not_taken_for_missing(server: DatabaseServer, table: str) -> None:
    user = f"u{table}"
    if server.is_postgresql:
        server.execute(
            f"CREATE ROLE {user} LOGIN PASSWORD 'x'",
            f"CREATE SCHEMA s{table}",
            f"CREATE TABLE s{table}.{table} (n int)",
        )
    else:
        server.execute(
            f"CREATE USER {user}@'%' IDENTIFIED BY 'x'", f"GRANT SELECT ON mysql.user TO {user}@'%'"
        )
        server.execute(f"CREATE SCHEMA s{table}", f"CREATE TABLE s{table}.{table} (n int)")
    on = {"username": user, "*password": "x"}
    if not server.is_postgresql:
        on["databaseName"] = "mysql"
    response = check(server, node_of(table, schemaName=f"s{table}"), **on)
    assert (response["status"], response.get("errorId")) == ("FAILED", "TableNotChecked"), response
    assert table in response["errorMessage"]


@pytest.mark.parametrize("text", ["t; DROP TABLE x", "a b c", "'"])
def test_a_text_that_is_no_name_runs_nothing(text: str, server: DatabaseServer) -> None:
    server.execute("DROP TABLE IF EXISTS x", "CREATE TABLE x (n int)")
    assert check(server, node_of(text))["status"] in {"FALSE", "FAILED"}
    assert server.query("SELECT count(*) FROM x") == [(0,)]


def test_columns_whose_names_are_words_of_sql(server: DatabaseServer, table: str, s3: FakeS3) -> None:
    quote = '"' if server.is_postgresql else "`"
    server.execute(
        f"CREATE TABLE {table} ("
        + ", ".join(f"{quote}{name}{quote} varchar(9)" for name in ("order", "group", "mixedcase", "a b"))
        + ", n int)"
    )
    s3.objects["b", "data"] = b"1,2,3,4,5\n"
    objects: dict[str, Fields] = {
        "In": {"type": "S3DataNode", "filePath": "s3://b/data", "dataFormat": Ref("Csv")},
        "Csv": {
            "type": "CSV",
            "column": ["order STRING, group STRING", "MixedCase STRING", '"a b" STRING', "n INT"],
        },
        "Out": node_of(table),
        "Db": database(server),
    }
    fields: Fields = {"type": "CopyActivity", "input": Ref("In"), "output": Ref("Out")}
    assert run_handler(copy_activity.handler, fields, objects=objects) == FINISHED
    assert server.query(f"SELECT * FROM {table}") == [("1", "2", "3", "4", 5)]
