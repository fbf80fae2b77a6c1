"""A table → Amazon S3 → Amazon Redshift and back: each activity reads what the one before it wrote.

The activities share the nodes in between, as in AWS's templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from activities import copy_activity, redshift_copy_activity
from runner.testing import FieldValue, Ref, run_handler
from tests.databases.copies import unencrypted
from tests.databases.redshift_data import RedshiftData
from tests.databases.responses import FINISHED
from tests.databases.server import DatabaseServer
from tests.unit.fake_s3 import FakeS3

Fields = Mapping[str, FieldValue]
Row = tuple[Any, ...]

TEXTS: list[str | None] = [
    None,
    "",
    "n",
    "N",
    "\\N",
    "NULL",
    "a,b|c\td",
    "\\",
    "\\\\",
    "ends with \\",
    "line\nfeed\n",
    "\r\n",
    "\"quoted\" 'twice'",
    "é 日本 😀",
    " blanks ",
]
ROWS: list[Row] = [
    *((number, text, f"{number}.50", "2024-02-29 23:59:59") for number, text in enumerate(TEXTS)),
    (100, "all else is NULL", None, None),
    (101, None, None, None),
]
FORMATS: dict[str, tuple[Fields | None, Fields]] = {
    "none": (None, {}),
    "csv": ({"type": "CSV"}, {}),
    "tsv": ({"type": "TSV"}, {}),
    "custom": ({"type": "Custom", "columnSeparator": "|", "escapeChar": "\\"}, {}),
    "gzip": (None, {"compression": "gzip"}),
    "null_of_databases": ({"type": "TSV"}, {"myNullAs": "\\N"}),
    "null_as_a_word": (None, {"myNullAs": "<null>"}),
}
EMPTY_IS_NULL: dict[str, tuple[Fields | None, Fields]] = {
    "custom_without_escape": ({"type": "Custom", "columnSeparator": "|"}, {}),
    "null_is_empty": (None, {"myNullAs": "''"}),
}
REDSHIFT: Fields = {
    "type": "RedshiftDatabase",
    "clusterId": "warehouse",
    "databaseName": "sales",
    "username": "etl",
    "*password": "redshift-canary-51c8",
}


class Chain:
    """Copies between a table of ``server``, objects below ``s3://b/data/``, and the table ``shop.t``."""

    def __init__(self, server: DatabaseServer, data_api: RedshiftData, table: str) -> None:
        self.server, self.data_api, self.table = server, data_api, table
        # In the server's own order of the rows.
        data_api.server.execute(f"CREATE TABLE shop.t ({self.columns('timestamp(0)')})")

    def columns(self, time: str) -> str:
        return f"id int, t varchar(100), d decimal(12, 2), w {time}"

    def objects(self, data_format: Fields | None, node: Fields) -> dict[str, Fields]:
        named: Fields = {"dataFormat": Ref("Format")} if data_format else {}
        return {
            "Table": {"type": "SqlDataNode", "table": self.table, "database": Ref("Db")},
            "Db": unencrypted(self.server),
            "Between": {"type": "S3DataNode", "directoryPath": "s3://b/data", **named, **node},
            **({"Format": data_format} if data_format else {}),
            "Target": {
                "type": "RedshiftDataNode",
                "schemaName": "shop",
                "tableName": "t",
                "database": Ref("Redshift"),
            },
            "Redshift": REDSHIFT,
        }

    def copy(self, source: str, target: str, objects: Mapping[str, Fields]) -> None:
        fields: Fields = {"type": "CopyActivity", "input": Ref(source), "output": Ref(target)}
        assert run_handler(copy_activity.handler, fields, objects=objects) == FINISHED

    def redshift_copy(self, source: str, target: str, objects: Mapping[str, Fields]) -> None:
        fields: Fields = {
            "type": "RedshiftCopyActivity",
            "input": Ref(source),
            "output": Ref(target),
            "insertMode": "TRUNCATE",
        }
        self.data_api.forget()
        answer = run_handler(redshift_copy_activity.handler, fields, objects=objects)
        while answer["status"] == "DEFERRED":
            self.data_api.settle()
            answer = run_handler(
                redshift_copy_activity.handler, fields, objects=objects, state=answer["state"]
            )
        assert answer == FINISHED

    def make(self, rows: list[Row]) -> None:
        time = "timestamp(0)" if self.server.is_postgresql else "datetime"
        self.server.execute(f"CREATE TABLE {self.table} ({self.columns(time)})")
        connection = self.server.connect()
        connection.cursor().executemany(f"INSERT INTO {self.table} VALUES (%s, %s, %s, %s)", rows)
        connection.close()

    def rows_of(self, server: DatabaseServer, table: str) -> list[Row]:
        found = server.query(f"SELECT id, t, d, w FROM {table} ORDER BY id")
        return [
            (row[0], row[1], *(None if value is None else str(value) for value in row[2:])) for row in found
        ]


@pytest.fixture
def chain(server: DatabaseServer, data_api: RedshiftData, table: str) -> Chain:
    return Chain(server, data_api, table)


@pytest.mark.parametrize("case", FORMATS)
def test_a_table_to_redshift_and_back(case: str, chain: Chain, s3: FakeS3) -> None:
    objects = chain.objects(*FORMATS[case])
    # As the developer guide says, COPY takes \\N for \N where that is the text for NULL.
    rows = [row for row in ROWS if case != "null_of_databases" or row[1] != "\\N"]
    chain.make(rows)
    chain.copy("Table", "Between", objects)
    chain.redshift_copy("Between", "Target", objects)
    assert chain.rows_of(chain.data_api.server, "shop.t") == rows
    s3.objects.clear()
    chain.server.execute(f"DELETE FROM {chain.table}")
    chain.redshift_copy("Target", "Between", objects)
    chain.copy("Between", "Table", objects)
    assert chain.rows_of(chain.server, chain.table) == rows


@pytest.mark.parametrize("case", EMPTY_IS_NULL)
def test_where_null_is_the_empty_value_the_empty_text_is_null(case: str, chain: Chain, s3: FakeS3) -> None:
    data_format, node = EMPTY_IS_NULL[case]
    objects = chain.objects(data_format, node)
    plain = [row for row in ROWS if case == "null_is_empty" or not set(str(row[1])) & set("|\n")]
    expected = [(row[0], row[1] or None, *row[2:]) for row in plain]
    chain.make(plain)
    chain.copy("Table", "Between", objects)
    chain.redshift_copy("Between", "Target", objects)
    assert chain.rows_of(chain.data_api.server, "shop.t") == expected
    s3.objects.clear()
    chain.server.execute(f"DELETE FROM {chain.table}")
    chain.redshift_copy("Target", "Between", objects)
    chain.copy("Between", "Table", objects)
    assert chain.rows_of(chain.server, chain.table) == expected


@pytest.mark.parametrize("text", ["a|b", "a\nb"])
def test_a_text_that_the_format_cannot_write_fails_the_unload(text: str, chain: Chain, s3: FakeS3) -> None:
    objects = chain.objects(*EMPTY_IS_NULL["custom_without_escape"])
    quoted = text.replace("\n", "' || chr(10) || '")
    chain.data_api.server.execute(f"INSERT INTO shop.t VALUES (1, '{quoted}', NULL, NULL)")
    with pytest.raises(AssertionError, match=r"in t: a"):
        chain.redshift_copy("Target", "Between", objects)
    assert s3.objects == {}


def test_an_empty_table(chain: Chain, s3: FakeS3) -> None:
    objects = chain.objects(*FORMATS["none"])
    chain.make([(1, "", "1.50", None)])
    chain.copy("Table", "Between", objects)
    chain.redshift_copy("Between", "Target", objects)
    chain.server.execute(f"DELETE FROM {chain.table}")
    chain.copy("Table", "Between", objects)
    chain.redshift_copy("Between", "Target", objects)
    assert chain.rows_of(chain.data_api.server, "shop.t") == []
    assert list(s3.objects.values()) == [b""]
