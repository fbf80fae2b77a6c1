"""Exists for tables, on real PostgreSQL and MariaDB servers."""

from __future__ import annotations

from typing import Any

import pytest

from activities.exists import handler
from runner.testing import FieldValue, Ref, run_handler
from tests.databases.objects import database
from tests.databases.server import DatabaseServer


def check(server: DatabaseServer, table: str, **fields: FieldValue) -> dict[str, Any]:
    node: dict[str, FieldValue] = {"type": "SqlDataNode", "table": table, "database": Ref("Db")}
    objects = {"Data": node, "Db": database(server, **fields)}
    return run_handler(handler, {"type": "Exists", "node": Ref("Data")}, objects=objects)


def test_a_table_that_is_not_there_yet_is_false(server: DatabaseServer, table: str) -> None:
    assert check(server, table) == {"status": "FALSE"}
    with server.connect() as connection:
        connection.cursor().execute(f"CREATE TABLE {table} (id int)")
        connection.commit()
    assert check(server, table) == {"status": "FINISHED"}


def test_a_wrong_password_is_failed_and_not_told(server: DatabaseServer, table: str) -> None:
    response = check(server, table, **{"*password": "wrong-canary"})
    assert response["status"] == "FAILED"
    assert "canary" not in str(response)


@pytest.mark.parametrize("url", ["jdbc:oracle:thin:@host:1521:orcl", "jdbc:redshift://host:5439/db"])
def test_a_database_that_is_not_supported_is_failed(server: DatabaseServer, url: str) -> None:
    assert check(server, "t", connectionString=url)["status"] == "FAILED"
