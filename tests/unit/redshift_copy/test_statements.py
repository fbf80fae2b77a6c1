"""The statements that load and unload tables."""

from __future__ import annotations

import dataclasses
import re

import pytest

from redshift_copy.load import InsertMode, Load, columns_of, transform_of
from redshift_copy.source import Source
from redshift_copy.table import Table
from redshift_copy.unload import unload
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed

ROLE = "arn:aws:iam::111122223333:role/copy"
ORDERS = Table("public", "orders", ("id", "day"))
SOURCE = Source("s3://sales/in/", ("GZIP",))
COPY = f"COPY staging FROM 's3://sales/in/'\nIAM_ROLE '{ROLE}'\nGZIP\nCSV"
STAGING = 'CREATE TEMP TABLE staging (LIKE "public"."orders")'
INSERT = 'INSERT INTO "public"."orders" SELECT * FROM staging'
SAME = '"orders"."id" = staging."id" AND "orders"."day" = staging."day"'


def load(mode: InsertMode, table: Table = ORDERS, **more: object) -> Load:
    return dataclasses.replace(Load(table, mode, SOURCE, ("CSV",)), **more)  # type: ignore[arg-type]


def an_object(**fields: str | tuple[str, ...]) -> PipelineObject:
    values = {key: (value,) if isinstance(value, str) else value for key, value in fields.items()}
    return PipelineObject("It", "It", values, {})


@pytest.mark.parametrize(
    ("mode", "deletion"),
    [
        (InsertMode.KEEP_EXISTING, [f'DELETE FROM staging USING "public"."orders" WHERE {SAME}']),
        (InsertMode.OVERWRITE_EXISTING, [f'DELETE FROM "public"."orders" USING staging WHERE {SAME}']),
        (InsertMode.TRUNCATE, ['DELETE FROM "public"."orders"']),
        (InsertMode.APPEND, []),
    ],
)
def test_each_insert_mode(mode: InsertMode, deletion: list[str]) -> None:
    assert load(mode).statements(ROLE) == [STAGING, COPY, *deletion, INSERT]


@pytest.mark.parametrize("mode", InsertMode)
def test_a_table_that_is_not_there_is_created_and_has_nothing_to_compare_with(mode: InsertMode) -> None:
    table = dataclasses.replace(ORDERS, keys=(), creation=("CREATE TABLE orders (id INT)",), exists=False)
    assert load(mode, table).statements(ROLE) == [table.creation[0], STAGING, COPY, INSERT]


def test_a_table_that_is_there_is_not_created() -> None:
    table = dataclasses.replace(ORDERS, creation=("CREATE TABLE orders (id INT)",))
    assert load(InsertMode.APPEND, table).statements(ROLE) == [STAGING, COPY, INSERT]


def test_what_transform_sql_makes_of_staging_is_what_is_merged() -> None:
    assert load(InsertMode.OVERWRITE_EXISTING, transform="SELECT id, day FROM staging").statements(ROLE) == [
        STAGING,
        COPY,
        "CREATE TEMP TABLE staging_transformed AS\nSELECT id, day FROM staging",
        'DELETE FROM "public"."orders" USING staging_transformed WHERE '
        '"orders"."id" = staging_transformed."id" AND "orders"."day" = staging_transformed."day"',
        'INSERT INTO "public"."orders" SELECT * FROM staging_transformed',
    ]


def test_a_staging_table_may_have_columns_of_its_own() -> None:
    columns = columns_of(
        an_object(column=("Name STRING, score INT", "of DECIMAL ( 10, 2 )", '"a""b"', "aba"))
    )
    statements = load(InsertMode.APPEND, transform="SELECT 1", columns=columns).statements(ROLE)
    assert statements[0] == (
        'CREATE TEMP TABLE staging ("Name" VARCHAR(65535), "score" INT, "of" DECIMAL(10,2), '
        '"a""b" VARCHAR(65535), "aba" VARCHAR(65535))'
    )


@pytest.mark.parametrize("column", ["", "a INT); DROP TABLE b; --", "a INT DEFAULT 'x'", "a VARCHAR(x)"])
def test_what_is_no_column_is_refused(column: str) -> None:
    with pytest.raises(FieldError, match="a name and a type"):
        columns_of(an_object(column=column))


def test_missing_table_and_missing_key() -> None:
    with pytest.raises(TaskFailed, match=r'"public"\."orders" does not exist') as raised:
        load(InsertMode.APPEND, dataclasses.replace(ORDERS, exists=False)).statements(ROLE)
    assert raised.value.error_id == "TableNotFound"
    keyless = dataclasses.replace(ORDERS, keys=())
    with pytest.raises(TaskFailed, match="KEEP_EXISTING compares rows by it") as raised:
        load(InsertMode.KEEP_EXISTING, keyless).statements(ROLE)
    assert raised.value.error_id == "NoPrimaryKey"
    assert load(InsertMode.TRUNCATE, keyless).statements(ROLE)


@pytest.mark.parametrize(
    ("mode", "keys", "creation", "asks"),
    [
        (InsertMode.KEEP_EXISTING, (), (), True),
        (InsertMode.OVERWRITE_EXISTING, (), (), True),
        (InsertMode.KEEP_EXISTING, ("id",), (), False),
        (InsertMode.KEEP_EXISTING, ("id",), ("CREATE TABLE t (id INT)",), True),
        (InsertMode.TRUNCATE, (), (), False),
        (InsertMode.APPEND, (), (), False),
    ],
)
def test_the_table_is_asked_for_only_if_it_matters(
    mode: InsertMode, keys: tuple[str, ...], creation: tuple[str, ...], asks: bool
) -> None:
    table = dataclasses.replace(ORDERS, keys=keys, creation=creation)
    assert load(mode, table).needs_catalog() is asks


def test_the_fields_of_a_table() -> None:
    node = an_object(
        tableName="Orders",
        schemaName="Sales",
        primaryKeys=("id", "day"),
        createTableSql="create table Sales.Orders (note varchar default ';'); -- done\n"
        "GRANT SELECT ON Sales.Orders TO bi;",
    )
    assert Table.of(node) == Table(
        "Sales",
        "Orders",
        ("id", "day"),
        ("create table Sales.Orders (note varchar default ';')", "GRANT SELECT ON Sales.Orders TO bi"),
    )
    assert Table.of(an_object(tableName="t")) == Table("public", "t")
    assert Table.of(an_object(tableName="t", primaryKeys=("id, day", '"a,b" ,"c""d"'))).keys == (
        "id",
        "day",
        "a,b",
        'c"d',
    )
    with pytest.raises(FieldError, match="'tableName'"):
        Table.of(an_object())


@pytest.mark.parametrize(
    ("name", "schema", "expected"),
    [
        ("shop.orders", "", ("shop", "orders")),
        ("shop.orders", "shop", ("shop", "orders")),
        ("shop.orders", "SHOP", ("shop", "orders")),
        ('"My Shop"."a.b"', "", ("My Shop", "a.b")),
        ('"a.b"', "", ("public", "a.b")),
        ('"a.b"', '"My Shop"', ("My Shop", "a.b")),
        ("a b", "", ("public", "a b")),
        (' shop . "orders" ', "", ("shop", "orders")),
        ('a"b', "", ("public", 'a"b')),
    ],
)
def test_the_name_of_a_table_may_be_qualified_and_quoted(
    name: str, schema: str, expected: tuple[str, str]
) -> None:
    fields = {"tableName": name, **({"schemaName": schema} if schema else {})}
    found = Table.of(an_object(**fields))
    assert (found.schema, found.name) == expected


@pytest.mark.parametrize(
    ("name", "schema", "problem"),
    [
        ("shop.orders", "public", "schemaName says 'public'"),
        ("db.shop.orders", "", "a table, or schema.table, is expected"),
        ("shop.", "", "a table, or schema.table, is expected"),
        ("", "", "a table, or schema.table, is expected"),
    ],
)
def test_what_cannot_be_the_name_of_a_table(name: str, schema: str, problem: str) -> None:
    with pytest.raises(FieldError, match=problem):
        Table.of(an_object(tableName=name, **({"schemaName": schema} if schema else {})))


def test_primary_keys_win_over_the_tables_own() -> None:
    records = [[{"stringValue": "a"}], [{"stringValue": "b"}]]
    assert Table("s", "t").with_key(records) == Table("s", "t", ("a", "b"))
    assert Table("s", "t", ("c",)).with_key(records) == Table("s", "t", ("c",))
    assert Table("s", "t").with_key([[{"isNull": True}]]) == Table("s", "t")
    assert Table("s", "t").with_key([]) == Table("s", "t", exists=False)


@pytest.mark.parametrize(
    ("fields", "uri", "options"),
    [
        ({"filePath": "s3n://b/in/a.csv"}, "s3://b/in/a.csv", ()),
        ({"directoryPath": "s3://b/in"}, "s3://b/in/", ()),
        ({"directoryPath": "s3://b/in", "compression": "GZIP"}, "s3://b/in/", ("GZIP",)),
        (
            {"manifestFilePath": "s3://b/m", "compression": "gzip", "myRegion": "eu-west-1"},
            "s3://b/m",
            ("MANIFEST", "GZIP", "REGION AS 'eu-west-1'"),
        ),
        ({"type": "DynamoDBDataNode", "tableName": "Orders"}, "dynamodb://Orders", ("READRATIO 50",)),
        (
            {
                "type": "DynamoDBDataNode",
                "tableName": "o",
                "readThroughputPercent": "0.25",
                "region": "eu-west-1",
            },
            "dynamodb://o",
            ("READRATIO 25", "REGION AS 'eu-west-1'"),
        ),
    ],
)
def test_sources(fields: dict[str, str], uri: str, options: tuple[str, ...]) -> None:
    assert Source.of(an_object(**fields)) == Source(uri, options)


@pytest.mark.parametrize("value", ["", "0.05", "1.1", "25", "nan", "inf", "half"])
def test_a_share_of_the_throughput_that_is_none(value: str) -> None:
    with pytest.raises(FieldError, match=re.escape("a number from 0.1 to 1.0")):
        Source.of(an_object(type="DynamoDBDataNode", tableName="t", readThroughputPercent=value))


def test_transform_sql_is_one_query() -> None:
    assert (
        transform_of(an_object(transformSql="SELECT ';' FROM staging; -- all")) == "SELECT ';' FROM staging"
    )
    assert transform_of(an_object()) == ""
    with pytest.raises(FieldError, match="one query is expected, but it has 2"):
        transform_of(an_object(transformSql="SELECT 1; DROP TABLE orders"))


def test_an_insert_mode_that_is_not_known() -> None:
    assert InsertMode.of(an_object(insertMode="append")) is InsertMode.APPEND
    with pytest.raises(FieldError, match="KEEP_EXISTING, OVERWRITE_EXISTING, TRUNCATE, APPEND is expected"):
        InsertMode.of(an_object(insertMode="UPSERT"))


@pytest.mark.parametrize(
    ("fields", "options", "expected"),
    [
        ({"directoryPath": "s3://b/out"}, [], "TO 's3://b/out/'\nIAM_ROLE '{}'\nALLOWOVERWRITE"),
        (
            {"filePath": "s3://b/out/a", "compression": "gzip", "myRegion": "eu-west-1"},
            ["DELIMITER AS ','", "ESCAPE"],
            "TO 's3://b/out/a'\nIAM_ROLE '{}'\nGZIP\nREGION AS 'eu-west-1'\nALLOWOVERWRITE\nPARALLEL OFF\n"
            "DELIMITER AS ','\nESCAPE",
        ),
        (
            {"directoryPath": "s3://b/out/"},
            ["cleanpath", "PARQUET"],
            "TO 's3://b/out/'\nIAM_ROLE '{}'\ncleanpath\nPARQUET",
        ),
        (
            {"filePath": "s3://b/out/a"},
            ["PARALLEL ON", "ESCAPE NULL AS '-'"],
            "TO 's3://b/out/a'\nIAM_ROLE '{}'\nALLOWOVERWRITE\nPARALLEL ON\nESCAPE NULL AS '-'",
        ),
    ],
)
def test_unload(fields: dict[str, str], options: list[str], expected: str) -> None:
    statement = unload("SELECT 'x' FROM \"orders\"", an_object(**fields), options, ROLE)
    assert statement == "UNLOAD ('SELECT ''x'' FROM \"orders\"')\n" + expected.format(ROLE)


def test_unload_cannot_name_its_manifest() -> None:
    with pytest.raises(FieldError, match="'manifestFilePath'"):
        unload("SELECT 1", an_object(manifestFilePath="s3://b/m"), [], ROLE)
