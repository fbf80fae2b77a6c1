"""HiveActivity and HiveCopyActivity: generated HiveQL on Spark SQL, which has Hive's own SerDes."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from emr.hive import work_of
from runner.handler import open_task
from runner.testing import FieldValue, task_event
from runner.testing import Ref as TaskRef
from tests.databases.server import DatabaseServer
from tests.system.emr_cluster import EmrCluster, emr_cluster, objects
from tests.system.examples import Examples
from tests.system.hive_engine import HiveEngine, hive_engine, read_lines
from tests.system.pipelines import Fields, Pipeline, Ref

Objects = Mapping[str, Mapping[str, FieldValue]]

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def engine(examples: Examples) -> HiveEngine:
    return hive_engine(examples.deployment)


@pytest.fixture(scope="module")
def cluster(examples: Examples) -> Iterator[EmrCluster]:
    with emr_cluster(examples.deployment) as started:
        yield started


@pytest.fixture(scope="module")
def s3(examples: Examples) -> Any:
    client = examples.deployment.s3
    client.create_bucket(Bucket="hive")
    return client


def run(engine: HiveEngine, objects_of: Objects, script: str, **fields: FieldValue) -> str:
    """Run a HiveActivity's generated script on Spark, without a step around it."""
    event = task_event(
        {
            "type": "HiveActivity",
            "hiveScript": script,
            "input": TaskRef("In"),
            "output": TaskRef("Out"),
            **fields,
        },
        objects=objects_of,
    )
    return engine.work(work_of(open_task(event, seconds_left=lambda: 60.0)))


COPY = "INSERT OVERWRITE TABLE ${output1} SELECT * FROM ${input1};"
COLUMNS = ["id INT", "name STRING", "Amount DECIMAL(12,2)", "note STRING"]
BITES: dict[str, tuple[Mapping[str, FieldValue], str]] = {
    "csv": (
        {"type": "CSV", "column": COLUMNS},
        '1,a\\,b,1.50,it\'s "quoted"\n2,\\n,\\n,x\\\\y\n3,,,;--/*${input1}\n4,日本 ünï,-0.10,\ttab\n',
    ),
    "tsv": (
        {"type": "TSV", "column": COLUMNS},
        '1\ta,b\t1.50\tit\'s "quoted"\n2\t\\n\t\\n\tx\\\\y\n3\t\t\\n\t;--/*${input1}\n'
        "4\t日本 ünï\t-0.10\t' OR 1=1\n",
    ),
    "custom": (
        {"type": "Custom", "columnSeparator": "*", "column": COLUMNS},
        "1*a,b*1.50*it's \"quoted\"\n2***x\\y\n3*n**;--/${input1}\n4*日本 ünï*-0.10*'\n",
    ),
    "custom with a hostile separator and escape": (
        {"type": "Custom", "columnSeparator": "'", "escapeChar": ";", "column": COLUMNS},
        "1'a;'b'1.50'it;'s \"quoted\"\n2';n';n'x\\y\n4'日本 ünï'-0.10'$$\n",
    ),
}


@pytest.mark.parametrize("case", BITES)
def test_rows_go_through_hive_unchanged(engine: HiveEngine, s3: Any, case: str, examples: Examples) -> None:
    fmt, text = BITES[case]
    place = f"hive/{case}/it's $(x) ünï"
    s3.put_object(Bucket="hive", Key=f"{place}/in/part-0", Body=text.encode())
    node: dict[str, FieldValue] = {"type": "S3DataNode", "dataFormat": TaskRef("Format")}
    run(
        engine,
        {
            "Format": fmt,
            "In": {**node, "directoryPath": f"s3://hive/{place}/in"},
            "Out": {**node, "directoryPath": f"s3://hive/{place}/out/"},
        },
        COPY,
    )
    written = read_lines(list(objects(examples.deployment, "hive", f"{place}/out/").values()))
    # What is empty in a column that is not text is NULL, as for CopyActivity.
    expected = text.replace("3,,,;", "3,,\\n,;")
    assert written == sorted(expected.splitlines())


def test_hive_sees_values_and_null(engine: HiveEngine, s3: Any, examples: Examples) -> None:
    s3.put_object(Bucket="hive", Key="seen/in/1", Body=BITES["csv"][1].encode())
    node: dict[str, FieldValue] = {"type": "S3DataNode", "dataFormat": TaskRef("Format")}
    printed = run(
        engine,
        {
            "Format": BITES["csv"][0],
            "In": {**node, "directoryPath": "s3://hive/seen/in"},
            "Out": {**node, "directoryPath": "s3://hive/seen/out"},
        },
        "SELECT id, name, amount, note FROM ${INPUT1} WHERE id > ${LEAST} ORDER BY id;",
        scriptVariable=["LEAST=1"],
    )
    assert printed.splitlines() == [
        "2\tNULL\tNULL\tx\\y",
        "3\t\tNULL\t;--/*${input1}",
        "4\t日本 ünï\t-0.10\t\ttab",
    ]


def test_partitions_compression_and_lines_without_columns(
    engine: HiveEngine, s3: Any, examples: Examples
) -> None:
    for day, rows in (("2026-01-01", "1,a\n"), ("2026-01-02", "2,b\n3,c\n")):
        s3.put_object(Bucket="hive", Key=f"parts/in/day={day}/x.gz", Body=gzip.compress(rows.encode()))
    part: dict[str, FieldValue] = {
        "type": "S3DataNode",
        "dataFormat": TaskRef("Format"),
        "myPartition": "day STRING",
    }
    nodes: Objects = {
        "Format": {"type": "CSV", "column": ["id INT", "name STRING"]},
        "In": {**part, "directoryPath": "s3://hive/parts/in"},
        "Out": {**part, "directoryPath": "s3://hive/parts/out"},
    }
    script = (
        "INSERT OVERWRITE TABLE ${output1} PARTITION (day) SELECT id * 10, name, day FROM ${input1} "
        "WHERE day > '2026-01-01';"
    )
    run(engine, nodes, script)
    found = objects(examples.deployment, "hive", "parts/out/")
    assert {key.partition("/")[0] for key in found} == {"day=2026-01-02"}
    assert read_lines(list(found.values())) == ["20,b", "30,c"]

    plain = {"In": {"type": "S3DataNode", "directoryPath": "s3://hive/parts/out/day=2026-01-02"}}
    out = {"Out": {"type": "S3DataNode", "directoryPath": "s3://hive/lines/out", "compression": "gzip"}}
    run(engine, {**plain, **out}, COPY)
    listed = s3.list_objects_v2(Bucket="hive", Prefix="lines/out/")["Contents"]
    texts = [
        gzip.decompress(s3.get_object(Bucket="hive", Key=entry["Key"])["Body"].read()).decode()
        for entry in listed
        if entry["Key"].endswith(".gz")
    ]
    assert read_lines(texts) == ["20,b", "30,c"]


def test_regular_expressions_and_quoted_values(engine: HiveEngine, s3: Any, examples: Examples) -> None:
    log = '10.0.0.1 - "GET /a?b=1 HTTP/1.1" 200\n::1 - "POST /x" 404\n'
    s3.put_object(Bucket="hive", Key="log/1", Body=log.encode())
    run(
        engine,
        {
            "Format": {
                "type": "RegEx",
                "inputRegEx": r'^(\S+) - "(\w+) ([^"]*)" (\d+)$',
                "column": ["host STRING", "method STRING", "rest STRING", "status STRING"],
            },
            "Quoted": {"type": "CSV", "myQuoteChar": '"', "column": ["host STRING", "rest STRING"]},
            "In": {"type": "S3DataNode", "directoryPath": "s3://hive/log", "dataFormat": TaskRef("Format")},
            "Out": {
                "type": "S3DataNode",
                "directoryPath": "s3://hive/quoted",
                "dataFormat": TaskRef("Quoted"),
            },
        },
        "INSERT OVERWRITE TABLE ${output1} SELECT host, concat(method, ', ', rest) FROM ${input1};",
    )
    written = read_lines(list(objects(examples.deployment, "hive", "quoted/").values()))
    assert written == ['"10.0.0.1","GET, /a?b=1 HTTP/1.1"', '"::1","POST, /x"']


def test_a_chain_from_a_copy_through_hive_to_redshift(
    cluster: EmrCluster, engine: HiveEngine, postgresql_server: DatabaseServer
) -> None:
    deployment = cluster.deployment
    assert engine
    postgresql_server.execute(
        "DROP SCHEMA IF EXISTS hived CASCADE",
        "CREATE SCHEMA hived",
        "CREATE TABLE hived.totals (customer VARCHAR(100) PRIMARY KEY, total INT)",
    )
    deployment.s3.create_bucket(Bucket="sales")
    deployment.s3.put_object(
        Bucket="sales", Key="in/orders/1", Body="x\\,y\t5\nz\t1\nx\\,y\t7\n日本\t9\n".encode()
    )
    node = {"type": "S3DataNode"}
    orders = {"type": "TSV", "column": ["customer STRING", "amount INT"]}
    totals = {"type": "CSV", "column": ["customer STRING", "total INT"]}
    pipeline = Pipeline.activated(
        deployment,
        {
            "Copied": {"type": "CopyActivity", "input": Ref("Given"), "output": Ref("Staged")},
            "Summed": {
                "type": "HiveActivity",
                "dependsOn": Ref("Copied"),
                "input": Ref("Staged"),
                "output": Ref("Totals"),
                "scriptVariable": 'MARK="',
                "hiveScript": "INSERT OVERWRITE TABLE ${output1} SELECT customer, sum(amount) FROM ${input1} "
                "WHERE customer <> '日本' AND customer <> '${MARK}' GROUP BY customer;",
            },
            "Loaded": {
                "type": "RedshiftCopyActivity",
                "dependsOn": Ref("Summed"),
                "input": Ref("Totals"),
                "output": Ref("Table"),
                "insertMode": "TRUNCATE",
            },
            "Orders": orders,
            "TotalsFormat": totals,
            "Given": {**node, "directoryPath": "s3://sales/in/orders", "dataFormat": Ref("Orders")},
            "Staged": {**node, "directoryPath": "s3://sales/out/staged", "dataFormat": Ref("Orders")},
            "Totals": {**node, "directoryPath": "s3://sales/out/totals", "dataFormat": Ref("TotalsFormat")},
            "Table": {
                "type": "RedshiftDataNode",
                "database": Ref("Warehouse"),
                "schemaName": "hived",
                "tableName": "totals",
            },
            "Warehouse": {
                "type": "RedshiftDatabase",
                "clusterId": "warehouse",
                "databaseName": "sales",
                "username": "etl",
                "*password": "unused",
            },
        },
    )
    for component in ("Copied", "Summed", "Loaded"):
        pipeline.ended(component, "FINISHED")
    assert postgresql_server.query("SELECT * FROM hived.totals ORDER BY 1") == [("x,y", 12), ("z", 1)]


def test_items_of_dynamodb_are_exported_filtered_and_restored(
    cluster: EmrCluster, engine: HiveEngine
) -> None:
    deployment = cluster.deployment
    assert engine
    items: list[Any] = [
        {"id": {"S": "old"}, "timeStamp": {"N": "5"}, "note": {"S": 'it\'s "1"'}},
        {"id": {"S": "new"}, "timeStamp": {"N": "1000"}, "tags": {"SS": ["a", "b"]}, "on": {"BOOL": True}},
        {"id": {"S": "newer"}, "timeStamp": {"N": "2000.5"}, "deep": {"M": {"l": {"L": [{"N": "1"}]}}}},
    ]
    for table in ("given", "restored", "copied"):
        deployment.dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    for item in items:
        deployment.dynamodb.put_item(TableName="given", Item=item)
    deployment.s3.create_bucket(Bucket="dynamodb-exports")
    copy: Fields = {"type": "HiveCopyActivity"}
    table_of: Fields = {"type": "DynamoDBDataNode", "dataFormat": Ref("Items")}
    pipeline = Pipeline.activated(
        deployment,
        {
            "Export": {**copy, "input": Ref("Given"), "output": Ref("Exported")},
            "Restore": {
                **copy,
                "dependsOn": Ref("Export"),
                "input": Ref("Exported"),
                "output": Ref("Restored"),
                "filterSql": "`timeStamp` > unix_timestamp('1970-01-01 00:10:00') AND (id LIKE 'new%')",
            },
            "Copy": {**copy, "input": Ref("Given"), "output": Ref("Copied"), "filterSql": "`on`"},
            "Items": {
                "type": "DynamoDBExportDataFormat",
                "column": ["timeStamp DOUBLE", "id STRING", "on BOOLEAN"],
            },
            "Given": {**table_of, "tableName": "given", "readThroughputPercent": "0.5"},
            "Restored": {**table_of, "tableName": "restored", "region": "us_east_1"},
            "Copied": {**table_of, "tableName": "copied", "writeThroughputPercent": "1.0"},
            "Exported": {
                "type": "S3DataNode",
                "directoryPath": "s3://dynamodb-exports/given",
                "dataFormat": Ref("Items"),
            },
        },
    )
    for component in ("Export", "Restore", "Copy"):
        pipeline.ended(component, "FINISHED")

    def items_of(table: str) -> list[Any]:
        return sorted(deployment.dynamodb.scan(TableName=table)["Items"], key=lambda item: item["id"]["S"])

    assert items_of("restored") == [items[1], items[2]]
    assert items_of("copied") == [items[1]]
    exported = read_lines(list(objects(deployment, "dynamodb-exports", "given/").values()))
    assert len(exported) == 3
    assert any('timeStamp\x03{"n":"5"}' in line for line in exported)


def test_columns_of_dynamodb_are_those_of_its_connector(engine: HiveEngine, examples: Examples) -> None:
    dynamodb = examples.deployment.dynamodb
    for table in ("typed", "typed-out"):
        dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
            BillingMode="PAY_PER_REQUEST",
        )
    item: Any = {"id": {"N": "7"}, "name": {"S": "x"}, "on": {"BOOL": False}, "size": {"N": "1.5"}}
    dynamodb.put_item(TableName="typed", Item=item)
    node: dict[str, FieldValue] = {"type": "DynamoDBDataNode", "dataFormat": TaskRef("Format")}
    columns: list[str] = ["id INT", "name VARCHAR(5)", "on BOOLEAN", "size FLOAT"]
    nodes: Objects = {
        "Format": {"type": "DynamoDBDataFormat", "column": columns},
        "In": {**node, "tableName": "typed", "readThroughputPercent": "0.5"},
        "Out": {**node, "tableName": "typed-out"},
    }
    run(engine, nodes, COPY)
    assert dynamodb.scan(TableName="typed-out")["Items"] == [item]
    script = (
        "CREATE EXTERNAL TABLE own (id INT) "
        "STORED BY 'org.apache.hadoop.hive.dynamodb.DynamoDBStorageHandler' "
        "TBLPROPERTIES ('dynamodb.table.name'='typed', 'dynamodb.column.mapping'='id:id')"
    )
    assert "The hive type int is not supported in DynamoDB" in engine.answer(script)["stderr"]


def test_the_guides_examples(cluster: EmrCluster, engine: HiveEngine) -> None:
    """HiveActivity with staged nodes and with a table of its own, and HiveCopyActivity with its filter."""
    deployment = cluster.deployment
    assert engine
    for table in ("MyDDBTable", "restore_table"):
        deployment.dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    for key, stamp in (("past", "1000"), ("future", "99999999999")):
        item: Any = {"id": {"S": key}, "timeStamp": {"N": stamp}}
        deployment.dynamodb.put_item(TableName="MyDDBTable", Item=item)
    deployment.s3.create_bucket(Bucket="guide")
    log = "h1\tann\t10:00\tGET /\t200\t12\nh2\tbob\t10:01\tPOST /\t404\t\\n\n"
    deployment.s3.put_object(Bucket="guide", Key="log/1", Body=log.encode())
    columns = ["host STRING", "user STRING", "time STRING", "request STRING", "status INT", "size BIGINT"]
    s3_node: Fields = {"type": "S3DataNode"}
    pipeline = Pipeline.activated(
        deployment,
        {
            "ProcessLogData": {
                "type": "HiveActivity",
                "hiveScript": "INSERT OVERWRITE TABLE ${output1} select host,user,time,request,status,size "
                "from ${input1};",
                "input": Ref("Log"),
                "output": Ref("Processed"),
            },
            "MyHiveActivity": {
                "type": "HiveActivity",
                "input": Ref("MyDynamoData"),
                "output": Ref("Exported"),
                "hiveScript": "-- Map DynamoDB Table\n"
                "SET dynamodb.endpoint=dynamodb.us-east-1.amazonaws.com;\n"
                "SET dynamodb.throughput.read.percent = 0.5;\n"
                "CREATE EXTERNAL TABLE dynamodb_table (item map<string,string>)\n"
                "STORED BY 'org.apache.hadoop.hive.dynamodb.DynamoDBStorageHandler'\n"
                'TBLPROPERTIES ("dynamodb.table.name" = "#{input.tableName}"); \n'
                "INSERT OVERWRITE TABLE ${output1} SELECT * FROM dynamodb_table;",
            },
            "HiveTransform": {
                "type": "HiveCopyActivity",
                "input": Ref("Source"),
                "output": Ref("Target"),
                "filterSql": '`timeStamp` > unix_timestamp("#{@scheduledStartTime}", '
                "\"yyyy-MM-dd'T'HH:mm:ss\")",
            },
            "Tabs": {"type": "TSV", "column": columns},
            "Commas": {"type": "CSV", "column": columns},
            "Log": {**s3_node, "directoryPath": "s3://guide/log", "dataFormat": Ref("Tabs")},
            "Processed": {**s3_node, "directoryPath": "s3://guide/processed", "dataFormat": Ref("Commas")},
            "MyDynamoData": {"type": "DynamoDBDataNode", "tableName": "MyDDBTable"},
            "Exported": {**s3_node, "directoryPath": "s3://guide/exported", "dataFormat": Ref("Items")},
            "Items": {"type": "DynamoDBExportDataFormat"},
            "Stamped": {"type": "DynamoDBExportDataFormat", "column": "timeStamp BIGINT"},
            "Source": {
                "type": "DynamoDBDataNode",
                "tableName": "MyDDBTable",
                "dataFormat": Ref("Stamped"),
            },
            "Target": {
                "type": "DynamoDBDataNode",
                "tableName": "restore_table",
                "region": "us_east_1",
                "dataFormat": Ref("Items"),
            },
        },
    )
    for component in ("ProcessLogData", "MyHiveActivity", "HiveTransform"):
        pipeline.ended(component, "FINISHED")
    processed = read_lines(list(objects(deployment, "guide", "processed/").values()))
    assert processed == ["h1,ann,10:00,GET /,200,12", "h2,bob,10:01,POST /,404,\\n"]
    exported = read_lines(list(objects(deployment, "guide", "exported/").values()))
    assert sorted("past" in line for line in exported) == [False, True]
    restored = deployment.dynamodb.scan(TableName="restore_table")["Items"]
    assert [item["id"]["S"] for item in restored] == ["future"]
