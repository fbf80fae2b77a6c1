"""MySQL accepts statements of up to max_allowed_packet bytes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases.copies import Copies
from tests.databases.responses import FINISHED, failure
from tests.databases.server import DatabaseServer
from tests.unit.fake_s3 import FakeS3


@pytest.fixture
def small(mariadb_server: DatabaseServer, s3: FakeS3) -> Iterator[Copies]:
    ((most,),) = mariadb_server.query("SELECT @@GLOBAL.max_allowed_packet")
    mariadb_server.execute("SET GLOBAL max_allowed_packet = 65536")
    try:
        yield Copies(mariadb_server, s3)
    finally:
        mariadb_server.execute(f"SET GLOBAL max_allowed_packet = {most}")


@pytest.mark.parametrize("text", ["a" * 2000, "😀" * 500, "'" * 1000, '"' * 1000, "\x1a" * 1000])
@pytest.mark.parametrize("insert", [False, True])
def test_statements_are_as_long_as_the_server_takes_them(
    insert: bool, text: str, small: Copies, table: str
) -> None:
    small.server.execute(f"CREATE TABLE {table} (i int, t text)")
    data = "".join(f"{number},{text}\n" for number in range(100)).encode()
    query = {"insertQuery": f"INSERT INTO {table} (i, t) VALUES (?, concat(?, 'é'))"} if insert else {}
    assert small.load(data, table, kind={"type": "Custom", "columnSeparator": ","}, **query) == FINISHED
    rows = small.server.query(f"SELECT count(*), min(char_length(t)) FROM {table}")
    assert rows == [(100, len(text) + insert)]


def test_a_record_that_is_too_long_is_told(small: Copies, table: str) -> None:
    small.server.execute(f"CREATE TABLE {table} (i int, t mediumtext)")
    message = failure(small.load(b"1,a\n2," + b"\xc3\xa9" * 40000 + b"\n", table), "InvalidData")
    assert "record 2" in message
    assert "max_allowed_packet" in message
    assert "65,536" in message
    assert small.server.query(f"SELECT * FROM {table}") == []
    assert small.load(b"1," + b"a" * 65400 + b"\n", table) == FINISHED
