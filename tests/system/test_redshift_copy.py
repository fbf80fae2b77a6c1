"""RedshiftCopyActivity on the deployed stack, whose Redshift Data API runs statements on PostgreSQL."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import pytest

from local.launch import ROOT
from tests.databases.server import DatabaseServer
from tests.system.deployments import eventually
from tests.system.examples import Examples
from tests.system.executions import RUN_TASK, executions
from tests.system.pipelines import Fields, Pipeline, Ref

EXAMPLE = ROOT / "docs" / "examples" / "redshift-copy.json"
CANARY = "redshift-canary-0d9e"
ORDERS = "CREATE TABLE shop.orders (id INT PRIMARY KEY, customer VARCHAR(100), amount DECIMAL(12,2))"


@pytest.fixture(autouse=True)
def shop(postgresql_server: DatabaseServer) -> None:
    postgresql_server.execute("DROP SCHEMA IF EXISTS shop CASCADE", "CREATE SCHEMA shop")


def test_the_example_of_the_documentation(examples: Examples, postgresql_server: DatabaseServer) -> None:
    deployment = examples.deployment
    postgresql_server.execute(ORDERS, "INSERT INTO shop.orders VALUES (1, 'old', 1), (2, 'kept', 2)")
    deployment.s3.create_bucket(Bucket="shop")
    text = '1,"Ünï\\,cødé"\\\n日本,250\n3,\\n,199\n'
    deployment.s3.put_object(Bucket="shop", Key="orders/1.gz", Body=gzip.compress(text.encode()))
    created = deployment.aws_json(
        *("datapipeline", "create-pipeline", "--name", "redshift-copy", "--unique-id", "redshift-copy")
    )
    selected = ("--pipeline-id", created["pipelineId"])
    deployment.aws(
        *("datapipeline", "put-pipeline-definition", *selected),
        *("--pipeline-definition", f"file://{EXAMPLE}", "--parameter-values"),
        *("myOrders=s3://shop/orders", "myBackup=s3://shop/backup"),
    )
    deployment.aws("datapipeline", "activate-pipeline", *selected)
    Pipeline(deployment, created["pipelineId"]).ended("UnloadOrders", "FINISHED")

    assert postgresql_server.query("SELECT * FROM shop.orders ORDER BY id") == [
        (1, '"Ünï,cødé"\n日本', Decimal("2.50")),
        (2, "kept", Decimal("2.00")),
        (3, None, Decimal("1.99")),
    ]
    listed = deployment.s3.list_objects_v2(Bucket="shop", Prefix="backup/")["Contents"]
    (key,) = [entry["Key"] for entry in listed]
    lines = deployment.s3.get_object(Bucket="shop", Key=key)["Body"].read().decode()
    assert sorted(lines.replace("\\\n", " ").splitlines()) == [
        '1,"Ünï\\,cødé" 日本,2.50',
        "2,kept,2.00",
        "3,\\n,1.99",
    ]


def test_what_fails_is_told_and_canceled_statements_end(
    examples: Examples, postgresql_server: DatabaseServer
) -> None:
    deployment = examples.deployment
    postgresql_server.execute(ORDERS)
    deployment.s3.create_bucket(Bucket="stock")
    deployment.s3.put_object(Bucket="stock", Key="in/1", Body=b"1,x,y\n")
    deployment.s3.put_object(Bucket="stock", Key="empty", Body=b"")
    load: Fields = {
        "type": "RedshiftCopyActivity",
        "input": Ref("In"),
        "output": Ref("Out"),
        "insertMode": "APPEND",
    }
    pipeline = Pipeline.activated(
        deployment,
        {
            "BadRow": load,
            "Forever": {
                **load,
                "transformSql": "SELECT 1 a, 'x' b, 2 c FROM pg_sleep(605)",
                "input": Ref("Empty"),
            },
            "Db": {
                "type": "RedshiftDatabase",
                "clusterId": "warehouse",
                "databaseName": "sales",
                "username": "etl",
                "*password": CANARY,
            },
            "Text": {"type": "CSV"},
            "Empty": {"type": "S3DataNode", "filePath": "s3://stock/empty", "dataFormat": Ref("Text")},
            "In": {"type": "S3DataNode", "directoryPath": "s3://stock/in", "dataFormat": Ref("Text")},
            "Out": {
                "type": "RedshiftDataNode",
                "database": Ref("Db"),
                "schemaName": "shop",
                "tableName": "orders",
            },
        },
    )
    pipeline.ended("BadRow", "FAILED")
    failed = pipeline.attempts("BadRow")[0].fields
    assert failed["errorId"] == "StatementFailed"
    assert "Statement 2 of the batch" in failed["errorMessage"]

    running = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(605)%' AND pid <> pg_backend_pid()"
    eventually(lambda: postgresql_server.query(running) or None, "no statement was started")
    (instance,) = pipeline.runs("INSTANCE", "Forever")
    deployment.datapipeline.set_status(pipelineId=pipeline.id, objectIds=[instance.id], status="TRY_CANCEL")
    eventually(lambda: not postgresql_server.query(running) or None, "the statement was not canceled")
    assert postgresql_server.query("SELECT * FROM shop.orders") == []
    pages = deployment.stepfunctions.get_paginator("get_execution_history")
    for component in ("BadRow", "Forever"):
        for arn in executions(deployment, RUN_TASK, of=component):
            for page in pages.paginate(executionArn=arn):
                assert CANARY not in json.dumps(page["events"], default=str)
