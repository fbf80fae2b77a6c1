"""BIT columns in MySQL, which would store the bytes of a text: '1' as 49."""

from __future__ import annotations

import pytest

from tests.databases.copies import Copies
from tests.databases.responses import FINISHED, failure


@pytest.fixture
def bits(mysql: Copies, table: str) -> str:
    """A table with a BIT column that the node does not name. The node's own table has no such column."""
    mysql.server.execute(
        f"CREATE TABLE {table} (id int)", f"CREATE TABLE {table}u (id int, b bit(8), t text)"
    )
    return f"{table}u"


def stored(mysql: Copies, bits: str) -> list[tuple[object, ...]]:
    return mysql.server.query(f"SELECT id, b + 0 FROM {bits}")


@pytest.mark.parametrize(
    "insert",
    [
        "INSERT INTO {0} (id, b) VALUES (?, ?)",
        "INSERT IGNORE {0} (id, b) VALUE (?, ?)",
        "REPLACE INTO sales.{0} (id, {0}.b) VALUES (?, ?)",
        "INSERT INTO `sales` . `{0}` SET id = ?, `b` = ?",
        "INSERT INTO {0} (id, b) VALUES (?, CAST(? AS UNSIGNED))",
        "INSERT INTO {0} (id, b) VALUES (?, ? + 0)",
        "INSERT INTO {0} (id, b) VALUES (?, IF(? = '1', 1, 0))",
        "INSERT INTO {0} (id, b) SELECT ?, CAST(? AS UNSIGNED)",
        "INSERT INTO {0} SELECT ?, ?, NULL",
        "CALL p{0}(?, ?)",
    ],
)
def test_a_bit_is_a_number_whatever_the_statement(insert: str, mysql: Copies, bits: str, table: str) -> None:
    mysql.server.execute(
        f"CREATE PROCEDURE p{bits}(a int, b bit(8)) INSERT INTO {bits} (id, b) VALUES (a, b)"
    )
    assert mysql.load(b"1,1\n", table, insertQuery=insert.format(bits)) == FINISHED
    assert stored(mysql, bits) == [(1, 1)]


@pytest.mark.parametrize(
    "insert",
    [
        "INSERT INTO {0} (id, b) VALUES (?, IFNULL(?, 0))",
        "INSERT INTO {0} (id, b) VALUES (?, NULLIF(?, ''))",
        "INSERT INTO {0} (id, b) VALUES (?, (?))",
        "INSERT INTO {0} SELECT ?, TRIM(?), NULL",
        "INSERT INTO {0} SELECT x.*, NULL FROM (SELECT ?, ?) AS x",
        "INSERT INTO {0} SET id = ?, b = TRIM(?)",
        "INSERT INTO {0} (id) VALUES (?) ON DUPLICATE KEY UPDATE b = IFNULL(?, 0)",
        "CALL p{0}(?, TRIM(?))",
    ],
)
def test_a_text_that_may_become_a_bit_fails_before_anything_is_written(
    insert: str, mysql: Copies, bits: str, table: str
) -> None:
    mysql.server.execute(
        f"CREATE PROCEDURE p{bits}(a int, b bit(8)) INSERT INTO {bits} (id, b) VALUES (a, b)"
    )
    message = failure(mysql.load(b"1,1\n", table, insertQuery=insert.format(bits)), "BitColumn")
    assert "CAST(? AS UNSIGNED)" in message
    assert "'b'" in message
    assert stored(mysql, bits) == []


def test_expressions_of_other_columns_are_free(mysql: Copies, bits: str, table: str) -> None:
    for insert in (
        f"INSERT INTO {bits} (b, t) VALUES (?, UPPER(?))",
        f"INSERT INTO {bits} (id, t) SELECT ?, ?",
        f"UPDATE {bits} SET t = TRIM(?) WHERE id = ?",
    ):
        assert mysql.load(b"1,1\n", table, insertQuery=insert) == FINISHED
    assert mysql.server.query(f"SELECT id, b + 0, t FROM {bits} ORDER BY id") == [
        (None, 1, "1"),
        (1, None, "1"),
    ]


def test_columns_that_are_not_seen_do_not_count(mysql: Copies, table: str) -> None:
    mysql.server.execute(f"CREATE TABLE {table} (x int INVISIBLE, n varchar(5), b bit(8))")
    assert mysql.load(b"true,1\n", table) == FINISHED
    assert mysql.server.query(f"SELECT n, b + 0 FROM {table}") == [("true", 1)]
