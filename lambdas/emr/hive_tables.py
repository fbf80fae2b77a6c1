"""External tables in Hive for data nodes: the statements that create and drop them.

Hive language manual, "Row formats and SerDe"; developer guide, "Staging data and tables with pipeline
activities"; EMR release guide, "Hive commands for DynamoDB".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data_formats.delimited import Delimited
from data_nodes.s3_data_node import NULL_FIELD, S3DataNode
from emr import dynamodb_types, hiveql
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed
from runner.task import Task

PARTITION_FIELD = "myPartition"
"""The columns by which an S3DataNode is partitioned, as ``name TYPE``; a field of this project."""
QUOTE_FIELD = "myQuoteChar"
"""The quote of a CSV, TSV or Custom format, which Hive's CSV SerDe reads; a field of this project."""
EXPORT_FORMAT = "DynamoDBExportDataFormat"
DYNAMODB_FORMATS = {"DynamoDBDataFormat", EXPORT_FORMAT}
DYNAMODB_HANDLER = "org.apache.hadoop.hive.dynamodb.DynamoDBStorageHandler"
_ITEM = "item MAP<STRING,STRING>"
_SERDE = "org.apache.hadoop.hive.serde2"


@dataclass(frozen=True)
class Table:
    """A table: its name, and the statements before the script."""

    name: str
    statements: tuple[str, ...]
    compressed: bool = False

    @property
    def dropped(self) -> str:
        """The statement that removes it, but not its data: it is external."""
        return f"DROP TABLE IF EXISTS {self.name}"


def s3_table(task: Task, node: PipelineObject, name: str, *, is_output: bool) -> Table:
    """The table of an S3DataNode. Raises FieldError, and TaskFailed for a node that Hive cannot have."""
    data = S3DataNode.of(node)
    if data.directory is None:
        raise TaskFailed(
            f"'{node.id}' names a file or a manifest, and a table in Hive is a directory: give it a "
            "directoryPath.",
            error_id="UnsupportedNode",
        )
    named = task.reference("dataFormat", node) if "dataFormat" in node else None
    if named is not None and named.type == EXPORT_FORMAT:
        return export_table(data, name, is_output=is_output)
    partitions = hiveql.columns_of(node, PARTITION_FIELD)
    columns, row_format = _row_format(named, data.null, is_output=is_output)
    owner = named.id if named else node.id
    create = [
        f"CREATE EXTERNAL TABLE {name} ({_listed(owner, 'column', columns)})",
        *([f"PARTITIONED BY ({_listed(node.id, PARTITION_FIELD, partitions)})"] if partitions else []),
        row_format,
        f"STORED AS TEXTFILE LOCATION {hiveql.text(str(data.directory))}",
        # Whatever the cluster's default: dropping the table must leave the data.
        "TBLPROPERTIES ('external.table.purge'='false')",
    ]
    table = Table(name, (), compressed=is_output and data.gzip)
    statements = [table.dropped, "\n".join(create)]
    if partitions:
        # Partitions are directories such as dt=2026-01-31; the metastore has to hear of them.
        statements += ["SET hive.exec.dynamic.partition.mode=nonstrict", f"MSCK REPAIR TABLE {name}"]
    return Table(name, tuple(statements), table.compressed)


def export_table(data: S3DataNode, name: str, *, is_output: bool) -> Table:
    """The table of an export of DynamoDB: whole items. Raises FieldError."""
    if data.directory is None:
        raise FieldError(data.id, "directoryPath", "it is missing, and a table in Hive is a directory")
    if data.gzip and is_output:
        raise FieldError(data.id, "compression", "exports of DynamoDB are not compressed")
    created = (
        f"CREATE EXTERNAL TABLE {name} ({_ITEM})\n"
        f"STORED AS TEXTFILE LOCATION {hiveql.text(str(data.directory))}\n"
        "TBLPROPERTIES ('external.table.purge'='false')"
    )
    return Table(name, (Table(name, ()).dropped, created))


def dynamodb_table(
    task: Task, node: PipelineObject, name: str, *, is_output: bool, whole_items: bool = False
) -> Table:
    """The table of a DynamoDBDataNode with a data format; ``whole_items``: with the one column ``item``.

    Raises FieldError.
    """
    named = task.reference("dataFormat", node)
    if named.type not in DYNAMODB_FORMATS:
        problem = f"one of {' and '.join(sorted(DYNAMODB_FORMATS))} is expected, but it is a {named.type}"
        raise FieldError(node.id, "dataFormat", problem)
    columns = [] if whole_items else dynamodb_types.connected(named)
    properties = {"dynamodb.table.name": _table_name(node), **throughput(node, is_output=is_output)}
    if columns:
        properties["dynamodb.column.mapping"] = ",".join(f"{column}:{column}" for column, _ in columns)
    if "region" in node:
        # The guide writes a region's name with underscores, too.
        properties["dynamodb.region"] = node.string("region").strip().replace("_", "-")
    listed = _listed(named.id, "column", columns) or _ITEM
    table = Table(name, ())
    created = "\n".join(
        [
            f"CREATE EXTERNAL TABLE {name} ({listed})",
            f"STORED BY {hiveql.text(DYNAMODB_HANDLER)}",
            f"TBLPROPERTIES ({_properties(properties)})",
        ]
    )
    return Table(name, (table.dropped, created))


def throughput(node: PipelineObject, *, is_output: bool) -> dict[str, str]:
    """The property of a table that limits what reads of an input, or writes of an output, may use.

    awslabs/emr-dynamodb-connector, DynamoDBStorageHandler: properties of tables come before settings of the
    session, which all tables of a script share. A table has the one that it needs and no other, because some
    of Hive's jobs get the properties of all their tables. Raises FieldError.
    """
    found = {}
    for field, setting, is_used in (
        ("readThroughputPercent", "read", not is_output),
        ("writeThroughputPercent", "write", is_output),
    ):
        if field not in node:
            continue
        given = node.string(field).strip()
        try:
            share = float(given)
        except ValueError:
            share = 0.0
        if not 0.1 <= share <= 1.0:
            raise FieldError(node.id, field, f"a number from 0.1 to 1.0 is expected, but it is {given!r}")
        if is_used:
            found[f"dynamodb.throughput.{setting}.percent"] = f"{share:g}"
    return found


def _table_name(node: PipelineObject) -> str:
    given = node.string("tableName").strip()
    if not given:
        raise FieldError(node.id, "tableName", "it is empty")
    return given


def _row_format(
    named: PipelineObject | None, null: str | None, *, is_output: bool
) -> tuple[Sequence[tuple[str, str]], str]:
    """The columns, and the clause ROW FORMAT."""
    if named is None or "column" not in named:
        if named is not None and named.type == "RegEx":
            raise FieldError(named.id, "column", "it is missing, and Hive's table needs it")
        # Nothing says what columns there are: each line is one value, and stays as it is.
        return [("line", "STRING")], _serde(
            "lazy.LazySimpleSerDe",
            {"serialization.last.column.takes.rest": "true", "serialization.format": "1"},
        )
    if named.type == "RegEx":
        return _regex(named, is_output=is_output)
    if named.type not in {"CSV", "TSV", "Custom"}:
        raise TaskFailed(
            f"'{named.id}' is a {named.type}: in S3, HiveActivity knows CSV, TSV, Custom, RegEx and "
            f"{EXPORT_FORMAT}.",
            error_id="UnsupportedFormat",
        )
    columns = hiveql.columns_of(named)
    found = Delimited.of(named, null)
    _refuse_separators(named, found)
    if QUOTE_FIELD in named:
        return _quoted_values(named, found, columns)
    properties = {"field.delim": found.separator, "serialization.format": found.separator}
    if found.escape:
        properties["escape.delim"] = found.escape
    # As properties, because Spark's Hive tables pass over NULL DEFINED AS.
    properties["serialization.null.format"] = found.null
    return columns, _serde("lazy.LazySimpleSerDe", properties)


def _quoted_values(
    named: PipelineObject, found: Delimited, columns: Sequence[tuple[str, str]]
) -> tuple[Sequence[tuple[str, str]], str]:
    quote = named.string(QUOTE_FIELD)
    if len(quote) != 1 or quote > "\x7f" or quote in {found.separator, found.escape}:
        raise FieldError(named.id, QUOTE_FIELD, f"one ASCII character is expected, but it is {quote!r}")
    wrong = [column for column, kind in columns if kind != "STRING"]
    if wrong:
        problem = (
            f"Hive's CSV SerDe has STRING columns only, which {', '.join(wrong)} is not: cast in the script"
        )
        raise FieldError(named.id, "column", problem)
    return columns, _serde(
        "OpenCSVSerde",
        {"separatorChar": found.separator, "quoteChar": quote, "escapeChar": found.escape or "\\"},
    )


def _regex(named: PipelineObject, *, is_output: bool) -> tuple[Sequence[tuple[str, str]], str]:
    if is_output:
        raise TaskFailed(
            f"'{named.id}' is a RegEx, which Hive only reads: give the output a CSV, TSV or Custom.",
            error_id="UnsupportedFormat",
        )
    return hiveql.columns_of(named), _serde("RegexSerDe", {"input.regex": named.string("inputRegEx")})


def _refuse_separators(named: PipelineObject, found: Delimited) -> None:
    if found.record_separator != "\n":
        raise FieldError(named.id, "recordSeparator", r"Hive knows '\n' alone")
    if found.separator > "\x7f":
        problem = f"Hive knows ASCII characters alone, but it is {found.separator!r}"
        raise FieldError(named.id, "columnSeparator", problem)
    if found.escape > "\x7f":
        raise FieldError(named.id, "escapeChar", "Hive knows ASCII characters alone")
    if NULL_FIELD in named:
        raise FieldError(named.id, NULL_FIELD, "it is a field of the S3DataNode")


def _listed(owner: str, field: str, columns: Sequence[tuple[str, str]]) -> str:
    lowered = [column.lower() for column, _ in columns]
    for column in lowered:
        if lowered.count(column) > 1:
            raise FieldError(owner, field, f"Hive ignores case, and has the column '{column}' twice")
    return ", ".join(f"{hiveql.name(owner, field, column)} {kind}" for column, kind in columns)


def _serde(name: str, properties: dict[str, str]) -> str:
    class_name = hiveql.text(f"{_SERDE}.{name}")
    return f"ROW FORMAT SERDE {class_name} WITH SERDEPROPERTIES ({_properties(properties)})"


def _properties(properties: dict[str, str]) -> str:
    return ", ".join(f"{hiveql.text(key)}={hiveql.text(value)}" for key, value in properties.items())
