"""Runs Hive scripts on Spark SQL, which reads and writes Hive's tables with Hive's own SerDes.

Spark knows neither this machine's S3 nor EMR's connector to DynamoDB. So LOCATIONs in S3 become directories
that are fetched and sent back, and tables that are STORED BY the connector are read and written here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.emr import dynamodb_items
from local.emr.hive_script import statements, substituted
from local.emr.s3_locations import S3Locations

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_LITERAL = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_LOCATION = re.compile(rf"\bLOCATION\s+{_LITERAL}", re.IGNORECASE)
_CONNECTED = re.compile(
    rf"\s*CREATE\s+EXTERNAL\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\S+?)\s*\((.*)\)\s*STORED\s+BY\s+{_LITERAL}"
    r"(?:\s+TBLPROPERTIES\s*\((.*)\))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_PROPERTY = re.compile(rf"{_LITERAL}\s*=\s*{_LITERAL}")
_INSERT = re.compile(r"\s*INSERT\s+(?:OVERWRITE|INTO)\s+(?:TABLE\s+)?(\S+)\s+(.*)", re.IGNORECASE | re.DOTALL)
_DROP = re.compile(r"\s*DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?(\S+)\s*", re.IGNORECASE)
_COLUMN = re.compile(r"\s*(`(?:[^`]|``)+`|\w+)\s+([\w<>, ()]+?)\s*(?:,(?![^<(]*[>)])|$)")
_SET = re.compile(r"\s*SET\s+([\w.:-]+)\s*=(.*)", re.IGNORECASE | re.DOTALL)
_ESCAPE = re.compile(r"\\([0-3][0-7]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
_HANDLER = "org.apache.hadoop.hive.dynamodb.DynamoDBStorageHandler"


@dataclass(frozen=True)
class _Connected:
    """A table of EMR's connector."""

    table: str
    columns: tuple[tuple[str, str, str], ...]
    """Name in Hive, attribute, and type."""
    region: str | None


class SparkHive:
    """A session. ``spark`` has Hive's support; ``dynamodb`` makes a client for a region."""

    def __init__(self, spark: Any, s3: S3Client, dynamodb: Any, directory: Path) -> None:
        self._spark, self._new_dynamodb = spark, dynamodb
        self._locations = S3Locations(s3, directory)
        self._connected: dict[str, _Connected] = {}

    def run(self, script: str, variables: Mapping[str, str], settings: Mapping[str, str]) -> None:
        """Run the statements up to the first that fails. Raises what Spark raises."""
        known, configured = dict(variables), dict(settings)
        for key, value in settings.items():
            self._spark.sql(f"SET {key}={value}")
        for raw in statements(script):
            statement = substituted(raw, known, configured)
            if found := _SET.fullmatch(statement):
                name, value = found[1], found[2].strip()
                (known if name.startswith("hivevar:") else configured)[name.removeprefix("hivevar:")] = value
            self._run(statement)

    def _run(self, statement: str) -> None:
        if found := _CONNECTED.fullmatch(statement):
            self._connect(found)
        elif (found := _DROP.fullmatch(statement)) and found[1] in self._connected:
            self._spark.catalog.dropTempView(_name(found[1]))
            del self._connected[found[1]]
        elif (found := _INSERT.fullmatch(statement)) and found[1] in self._connected:
            self._put(self._connected[found[1]], found[2])
        else:
            located = _LOCATION.sub(self._local, statement)
            rows = self._spark.sql(located)
            if re.match(r"\s*(SELECT|WITH|SHOW|DESCRIBE)\b", statement, re.IGNORECASE):
                for row in rows.collect():
                    print(*("NULL" if value is None else value for value in row), sep="\t")
            self._locations.send()

    def _local(self, found: re.Match[str]) -> str:
        place = _text(found[1])
        if not place.startswith(("s3://", "s3n://", "s3a://")):
            return found[0]
        return f"LOCATION '{self._locations.fetched(place).as_uri()}'"

    def _connect(self, found: re.Match[str]) -> None:
        if _text(found[3]) != _HANDLER:
            raise ValueError(f"STORED BY {found[3]} is not there on local EMR")
        properties = {_text(key): _text(value) for key, value in _PROPERTY.findall(found[4] or "")}
        mapping = dict(
            pair.split(":", 1) for pair in properties.get("dynamodb.column.mapping", "").split(",") if pair
        )
        table, region = properties["dynamodb.table.name"], properties.get("dynamodb.region")
        client: DynamoDBClient = self._new_dynamodb(region)
        described = client.describe_table(TableName=table)["Table"]["AttributeDefinitions"]
        keys = {key["AttributeName"]: key["AttributeType"] for key in described}
        columns = []
        for column in _COLUMN.finditer(found[2]):
            name, kind = _name(column[1]), column[2].replace(" ", "").upper()
            if kind != dynamodb_items.ITEM_TYPE and name not in mapping:
                raise ValueError(f"Could not find column mapping for column: {name}")
            if kind != dynamodb_items.ITEM_TYPE and (problem := dynamodb_items.refusal(name, kind, keys)):
                raise ValueError(problem)
            columns.append((name, mapping.get(name, ""), kind))
        connected = _Connected(table, tuple(columns), region)
        self._connected[found[1]] = connected
        schema = ", ".join(f"`{name}` {kind}" for name, _, kind in columns)
        items = [
            item for page in client.get_paginator("scan").paginate(TableName=table) for item in page["Items"]
        ]
        rows = [[_of_item(item, attribute, kind) for _, attribute, kind in columns] for item in items]
        self._spark.createDataFrame(rows, schema).createOrReplaceTempView(_name(found[1]))

    def _put(self, target: _Connected, query: str) -> None:
        client: DynamoDBClient = self._new_dynamodb(target.region)
        for values in self._spark.sql(query).collect():
            item: dict[str, Any] = {}
            for value, (_, attribute, kind) in zip(values, target.columns, strict=True):
                if value is None:
                    continue
                if kind == dynamodb_items.ITEM_TYPE:
                    item |= dynamodb_items.from_whole(value)
                else:
                    item |= dynamodb_items.from_row([value], [(attribute, kind)])
            client.put_item(TableName=target.table, Item=item)


def _of_item(item: Mapping[str, Any], attribute: str, kind: str) -> Any:
    if kind == dynamodb_items.ITEM_TYPE:
        return dynamodb_items.whole(item)
    return dynamodb_items.row(item, [(attribute, kind)])[0]


def _name(written: str) -> str:
    return written[1:-1].replace("``", "`") if written.startswith("`") else written


def _text(literal: str) -> str:
    named = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b"}

    def character(found: re.Match[str]) -> str:
        code = found[1]
        if len(code) == 3:
            return chr(int(code, 8))
        return chr(int(code[1:], 16)) if len(code) == 5 else named.get(code, code)

    return _ESCAPE.sub(character, literal[1:-1])
