"""LOAD DATA and the rows of a query in blocks do the same as INSERT and row by row."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from copying import mysql_local_infile
from copying.mysql_load import TableLoad
from copying.mysql_tables import MySqlTables
from copying.tables import TablesSession
from data_formats.bulk_text import BulkFile
from data_formats.delimited import Delimited
from runner.testing import Ref
from tests.databases.copies import Copies, unencrypted
from tests.databases.objects import Fields
from tests.databases.responses import FINISHED, failure

slow = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

TYPES = {
    "int": "int",
    "unsigned": "tinyint unsigned NOT NULL",
    "decimal": "decimal(6, 2)",
    "double": "double",
    "date": "date",
    "datetime": "datetime(2)",
    "stamp": "timestamp NULL",
    "created": "timestamp NOT NULL DEFAULT '2020-01-01 00:00:00'",
    "year": "year",
    "time": "time",
    "enum": "enum('a', 'b', '1')",
    "set": "set('a', 'b')",
    "text": "text",
    "short": "varchar(3)",
    "latin": "varchar(8) CHARACTER SET latin1",
    "blob": "blob",
    "binary": "binary(3)",
    "bit": "bit(8)",
    "json": "json",
    "unique": "varchar(8) UNIQUE",
    "key": "int PRIMARY KEY AUTO_INCREMENT",
    "boolean": "boolean",
    "checked": "int CHECK (v > 0)",
    "float": "float",
}
VARIABLES = "timestamp=1700000000,explicit_defaults_for_timestamp=ON"
"""The time is the same for both ways. NULL in a column that is not nullable is refused, as in MySQL 8."""
VALUES = [
    *("", "0", "1", "-1", "7 ", " 7", "255", "256", "1.5", "0.005", "99999999999999999999", "1e400", "abc"),
    *("2024-02-30", "2024-05-01", "2024-05-01 12:00:00.129", "0000-00-00", "20240501", "12:00", "25:61:00"),
    *("a", "b", "a,b", "c", "é", "€", "😀", "abcd", "a ", "'", '"', "\x1a", "\r", "\n", "\t", "\\N", "\\n"),
    *("true", "t", "NULL", "[1]", "{", "01", "+1", "0x41", "\\", "^Z"),
]


@contextmanager
def row_by_row() -> Iterator[None]:
    """INSERT, and the driver's rows."""
    unload = mock.patch.object(MySqlTables, "unload", TablesSession.unload)
    load = mock.patch.object(TableLoad, "of", return_value=None)
    with unload, load, mock.patch.object(BulkFile, "of", return_value=None):
        yield


@slow
@given(
    kind=st.sampled_from(list(TYPES)),
    values=st.lists(st.none() | st.sampled_from(VALUES), min_size=1, max_size=4),
    strict=st.booleans(),
)
@example(kind="created", values=["2024-05-01", None], strict=True)
@example(kind="unique", values=["a", "b", "a"], strict=True)
@example(kind="key", values=[None, "7", "7"], strict=True)
@example(kind="key", values=[None, "1"], strict=False)
@example(kind="key", values=[None, "7 "], strict=False)
@example(kind="enum", values=["3", "1", ""], strict=True)
@example(kind="date", values=["2024-05-01 12:00:00"], strict=True)
@example(kind="short", values=["abc", "abcd"], strict=False)
@example(kind="bit", values=["1"], strict=True)
@example(kind="text", values=["\0"], strict=True)
def test_a_file_is_loaded_as_it_is_inserted(
    kind: str, values: list[str | None], strict: bool, mysql: Copies
) -> None:
    numbered = [[value, str(number)] for number, value in enumerate(values)]
    data = "".join(Delimited.csv().write(numbered)).encode()
    properties = ["sslmode=disable", f"sessionVariables={VARIABLES}"]
    properties += [] if strict else ["jdbcCompliantTruncation=false"]
    own = {"Db": unencrypted(mysql.server, jdbcProperties=properties)}

    def load() -> tuple[Any, ...]:
        # Generated numbers, which a rollback does not take back, are none of the values.
        create = f"CREATE TABLE typed (v {TYPES[kind]}, t text) AUTO_INCREMENT=1000"
        mysql.server.execute("DROP TABLE IF EXISTS typed", create)
        response = mysql.load(data, "typed", given=own)
        rows = mysql.server.query("SELECT * FROM typed")
        if kind == "key":
            # What LOAD DATA has numbered and rolled back leaves a gap before what INSERT numbers.
            rows = sorted((number, v if str(v) in (values[int(number)] or "") else "") for v, number in rows)
        return response, rows

    in_blocks = load()
    with row_by_row():
        assert in_blocks == load()


@slow
@given(
    rows=st.lists(st.tuples(*[st.none() | st.text(max_size=3)] * 2), max_size=5),
    size=st.sampled_from([1, 300, 70_000]),
)
@example(rows=[(None, "a"), ("", None), ("\\", "\n\r,")], size=1)
def test_a_table_is_written_as_row_by_row(
    rows: list[tuple[str | None, str | None]], size: int, mysql: Copies
) -> None:
    mysql.server.execute("DROP TABLE IF EXISTS texts", "CREATE TABLE texts (a longtext, b longtext)")
    listed = [
        f"({', '.join('NULL' if value is None else _repeated(value, size) for value in row)})" for row in rows
    ]
    if listed:
        mysql.server.execute(f"INSERT INTO texts VALUES {', '.join(listed)}")
    in_blocks = mysql.unload("texts")
    with row_by_row():
        assert in_blocks == mysql.unload("texts")


def _repeated(value: str, size: int) -> str:
    return f"repeat(convert(x'{value.encode().hex()}' USING utf8mb4), {size})"


BIG = "repeat('xyz', 5500000)"
QUERIES = {
    "long values": "SELECT seq, repeat('é', seq * 97), NULL FROM seq_1_to_1000",
    "a row of many packets": f"SELECT {BIG}, {BIG}, 'a', repeat(char(10), 70000), {BIG} FROM seq_1_to_2",
    "16 MB less a byte": f"SELECT repeat('x', {0xFFFFFF - 4}), 1 FROM seq_1_to_2",
    "a long value first": "SELECT repeat('x', 300), NULL, '' FROM seq_1_to_3",
    "NULL alone": "SELECT NULL FROM seq_1_to_3",
    "empty": "SELECT '' FROM seq_1_to_3",
    "many columns": f"SELECT {', '.join(['seq'] * 300)} FROM seq_1_to_500",
    "all characters": "SELECT char(seq USING utf8mb4) FROM seq_0_to_127",
    "no rows": "SELECT 1 FROM seq_1_to_3 WHERE false",
    "two bytes": "SELECT repeat('x', 251), repeat('x', 250), repeat('x', 65535) FROM seq_1_to_3",
    "binary": "SELECT CAST(NULL AS binary), x'41' FROM seq_1_to_3",
    "a wrong row": "SELECT seq, (SELECT seq UNION SELECT 500) FROM seq_1_to_1000",
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_query_is_written_as_row_by_row(query: str, mysql: Copies) -> None:
    source: Fields = {"type": "SqlDataNode", "table": "t", "database": Ref("Db"), "selectQuery": query}
    target: Fields = {"type": "S3DataNode", "filePath": "s3://b/out"}

    def unload() -> tuple[Any, ...]:
        mysql.s3.objects.clear()
        return mysql.run(source, target), mysql.s3.objects.get(("b", "out"))

    in_blocks = unload()
    with row_by_row():
        assert in_blocks == unload()


CREATE = "CREATE TABLE {} (a int PRIMARY KEY, b varchar(5))"
LINES = b"".join(b"%d,x\n" % number for number in range(200_000))


def test_a_chunk_that_is_inserted_again_is_there_once(
    mysql: Copies, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has a note for the second chunk: it cuts the time off."""
    monkeypatch.setattr("copying.mysql_load._CHUNK_BYTES", 1)
    mysql.server.execute(f"CREATE TABLE {table} (a int PRIMARY KEY, d date)")
    days = [b"%d,2024-05-01%s\n" % (n, b" 10:00:00" if n == 60_000 else b"") for n in range(100_000)]
    assert mysql.load(b"".join(days), table) == FINISHED
    assert mysql.server.query(f"SELECT count(*), min(d), max(d) FROM {table}")[0][0] == 100_000


def test_a_record_that_is_refused_leaves_nothing_of_the_chunks_before(
    mysql: Copies, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("copying.mysql_load._CHUNK_BYTES", 1)
    mysql.server.execute(CREATE.format(table))
    message = failure(mysql.load(LINES + b"7,x\n", table), "StatementFailed")
    assert "Duplicate entry '7'" in message
    assert mysql.server.query(f"SELECT count(*) FROM {table}") == [(0,)]
    message = failure(mysql.load(LINES + b"7\n", table), "InvalidData")
    assert "record 200,001: it has 1 columns" in message


def test_what_a_trigger_writes_without_transactions_is_not_written_twice(mysql: Copies, table: str) -> None:
    mysql.server.execute(
        f"CREATE TABLE {table} (a int, d date)",
        f"CREATE TABLE {table}_log (a int) ENGINE=MyISAM",
        f"CREATE TRIGGER {table}_t BEFORE INSERT ON {table} FOR EACH ROW "
        f"INSERT INTO {table}_log VALUES (NEW.a)",
    )
    assert mysql.load(b"1,2024-05-01\n", table) == FINISHED
    message = failure(mysql.load(b"2,2024-05-01 10:00:00\n", table), "StatementFailed")
    assert "insertQuery" in message
    assert mysql.server.query(f"SELECT a FROM {table}_log") == [(1,), (2,)]
    assert mysql.server.query(f"SELECT a FROM {table}") == [(1,)]


@pytest.mark.parametrize("create", ["{} ENGINE=MyISAM", "{}; CREATE VIEW {}v AS SELECT * FROM {}"])
def test_what_cannot_be_taken_back_is_not_loaded(create: str, mysql: Copies, table: str) -> None:
    into = table + ("v" if "VIEW" in create else "")
    for statement in f"CREATE TABLE {create.format(f'{table} (a int, b text)', table, table)}".split(";"):
        mysql.server.execute(statement)
    with mock.patch("copying.mysql_load.load", side_effect=AssertionError):
        assert mysql.load(b"1,x\n", into) == FINISHED
    assert mysql.server.query(f"SELECT a FROM {table}") == [(1,)]


def test_a_server_without_local_infile(mysql: Copies, table: str) -> None:
    mysql.server.execute(CREATE.format(table), "SET GLOBAL local_infile = OFF")
    try:
        with mock.patch("copying.mysql_load._VARIABLES", "SELECT 'local_infile', 'ON'"):
            assert mysql.load(b"1,x\n", table) == FINISHED
        assert mysql.load(b"2,x\n", table) == FINISHED
    finally:
        mysql.server.execute("SET GLOBAL local_infile = ON")
    assert mysql.server.query(f"SELECT a FROM {table}") == [(1,), (2,)]


@contextmanager
def asking_for_a_file(port: int, after: bytes, path: Path) -> Iterator[tuple[int, bytearray]]:
    """A server before the server, which asks for a file instead of answering a statement with this text.

    Yields its port, and what it is sent after that.
    """
    sent = bytearray()

    def serve(client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", port)) as server:
            threading.Thread(target=forward, args=(server, client), daemon=True).start()
            while data := client.recv(65_536):
                if after in data:
                    request = b"\xfb" + str(path).encode()
                    client.sendall(len(request).to_bytes(3, "little") + b"\x01" + request)
                    while data := client.recv(65_536):
                        sent.extend(data)
                    return
                server.sendall(data)

    def forward(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], sent


@pytest.mark.parametrize("after", [b"LOAD DATA", b"SAVEPOINT", b"SHOW VARIABLES", b"COMMIT"])
def test_a_server_that_asks_for_a_file_gets_none(
    after: bytes, mysql: Copies, table: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary-5f1e")
    mysql.server.execute(CREATE.format(table))
    with asking_for_a_file(mysql.server.port, after, secret) as (port, sent):
        url = f"jdbc:mariadb://127.0.0.1:{port}/sales"
        response = mysql.load(b"1,x\n", table, given={"Db": unencrypted(mysql.server, connectionString=url)})
    assert response["status"] == "FAILED"
    assert response["errorId"] != "HandlerTimeout"
    assert b"canary" not in sent
    assert mysql.server.query(f"SELECT * FROM {table}") == []


def test_rows_are_loaded_and_not_inserted(mysql: Copies, table: str) -> None:
    mysql.server.execute(CREATE.format(table))
    with mock.patch("copying.mysql_load.load", side_effect=mysql_local_infile.load) as load:
        assert mysql.load(LINES, table) == FINISHED
    assert load.called
    assert mysql.server.query(f"SELECT count(*) FROM {table}") == [(200_000,)]
