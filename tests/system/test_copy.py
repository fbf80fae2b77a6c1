"""CopyActivity on the deployed stack, with real databases and local AWS's S3."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Mapping
from contextlib import suppress

import boto3
import pytest

from copying.s3_objects import PART_BYTES
from infra.database_access import database_access
from infra.handlers import s3_access
from local.account import connection
from local.launch import ROOT
from tests.databases.server import DatabaseServer
from tests.system.deployments import log_group_of
from tests.system.examples import Examples
from tests.system.executions import RUN_TASK, executions
from tests.system.granted import COPY, grant
from tests.system.pipelines import Fields, Pipeline, Ref

EXAMPLE = ROOT / "docs" / "examples" / "copy.json"
wherever_it_runs = pytest.mark.parametrize("examples", ["in-a-function", "in-containers"], indirect=True)
CANARY = "wrong-canary-7d20"


@pytest.fixture
def bucket(examples: Examples, server: DatabaseServer) -> str:
    name = f"copy-{server.jdbc}"
    with suppress(examples.deployment.s3.exceptions.BucketAlreadyOwnedByYou):
        new_bucket(examples, name)
    return name


def new_bucket(examples: Examples, name: str) -> None:
    """A bucket that CopyActivity may read and write."""
    examples.deployment.s3.create_bucket(Bucket=name)
    grant(examples.deployment, COPY, s3_access(read=[f"s3://{name}"], write=[f"s3://{name}"]))


def content(examples: Examples, bucket: str, key: str) -> bytes:
    return examples.deployment.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


@wherever_it_runs
def test_the_example_of_the_documentation(examples: Examples, server: DatabaseServer, bucket: str) -> None:
    deployment = examples.deployment
    secrets = boto3.client("secretsmanager", **connection(examples.endpoint_url))
    text = json.dumps({"username": server.user, "password": server.password})
    secret = secrets.create_secret(Name=f"copy-{server.jdbc}", SecretString=text)["ARN"]
    grant(deployment, COPY, database_access(secrets=[secret]))
    files = {
        "incoming/1.gz": gzip.compress(
            (
                "Ünïcødé\\, 日本,2024-05-01 12:00:00,999999999999999999.99\n"
                "two\\\nlines,2024-05-01 12:00:00,\n"
            ).encode()
        ),
        "incoming/deep/2.gz": gzip.compress(
            b"tab\there,2024-05-01 12:00:00,-0.01\nlater,2037-01-01 00:00:00,1\n"
        ),
        "incoming/empty.gz": gzip.compress(b""),
    }
    for key, data in files.items():
        deployment.s3.put_object(Bucket=bucket, Key=key, Body=data)
    created = deployment.aws_json(
        *("datapipeline", "create-pipeline", "--name", "copy", "--unique-id", f"copy-{server.jdbc}")
    )
    selected = ("--pipeline-id", created["pipelineId"])
    deployment.aws(
        *("datapipeline", "put-pipeline-definition", *selected),
        *("--pipeline-definition", f"file://{EXAMPLE}", "--parameter-values"),
        *(f"myConnectionString={server.url}", f"mySecretArn={secret}", f"myData=s3://{bucket}"),
    )
    deployment.aws("datapipeline", "activate-pipeline", *selected)
    pipeline = Pipeline(deployment, created["pipelineId"])
    for activity in ("WriteReport", "KeepFiles"):
        pipeline.ended(activity, "FINISHED")
    rows = server.query("SELECT customer, amount FROM copied_orders")
    assert sorted((name, amount and str(amount)) for name, amount in rows) == [
        ("later", "1.00"),
        ("tab\there", "-0.01"),
        ("two\nlines", None),
        ("Ünïcødé, 日本", "999999999999999999.99"),
    ]
    assert sorted(content(examples, bucket, "report.tsv").decode().replace("\\\n", "\\").splitlines()) == [
        "tab\\\there\t-0.01",
        "two\\lines\t\\n",
        "Ünïcødé, 日本\t999999999999999999.99",
    ]
    for key, data in files.items():
        assert content(examples, bucket, key.replace("incoming", "archive")) == data
    refuse_canary(examples, server.password, "LoadOrders", "WriteReport", "KeepFiles")


@wherever_it_runs
def test_formats_and_places_within_s3(examples: Examples) -> None:
    bucket = "copy-objects"
    s3 = examples.deployment.s3
    new_bucket(examples, bucket)
    large = bytes(range(256)) * (PART_BYTES // 256) + b"and some more"
    entries = {"entries": [{"url": f"s3://{bucket}/csv/1 ü+.csv", "mandatory": True}]}
    files = {
        "csv/1 ü+.csv": "a\\,b,1\n\\N,日本".encode(),
        "csv/2.csv": b"c,3\n",
        "log/1": b"10.0.0.1 [GET /]\n10.0.0.2 [-]\n",
        "pipes.gz": gzip.compress(b"a|b\n|2\n"),
        "large": large,
        "manifest": json.dumps(entries).encode(),
    }
    for key, data in files.items():
        s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType="text/x-test")

    def node(**fields: str | Ref) -> Fields:
        places = {name: value for name, value in fields.items() if name.endswith("Path")}
        return {
            "type": "S3DataNode",
            **fields,
            **{name: f"s3://{bucket}/{place}" for name, place in places.items()},
        }

    csv, tsv, pipes = Ref("Csv"), Ref("Tsv"), Ref("Pipes")
    copies = {
        "Whole": (node(directoryPath="csv", dataFormat=csv), node(directoryPath="whole", dataFormat=csv)),
        "Joined": (node(directoryPath="csv"), node(filePath="joined.gz", compression="gzip")),
        "Tabs": (
            node(directoryPath="csv", dataFormat=csv),
            node(directoryPath="tabs", dataFormat=tsv),
        ),
        "Log": (node(directoryPath="log", dataFormat=Ref("Log")), node(filePath="log.csv", dataFormat=csv)),
        "Back": (node(filePath="log.csv", dataFormat=csv), node(filePath="log.txt", dataFormat=Ref("Log"))),
        "Piped": (
            node(filePath="pipes.gz", compression="gzip", dataFormat=pipes),
            node(directoryPath="piped", dataFormat=csv),
        ),
        "Large": (node(filePath="large"), node(filePath="larger")),
        "Listed": (node(manifestFilePath="manifest"), node(directoryPath="listed")),
    }
    objects: dict[str, Fields] = {
        "Csv": {"type": "CSV"},
        "Tsv": {"type": "TSV"},
        "Pipes": {"type": "Custom", "columnSeparator": "|"},
        "Log": {
            "type": "RegEx",
            "inputRegEx": "([^ ]*) \\[(?:-|([^\\]]*))\\]",
            "outputFormat": "%2$s from %1$s",
        },
    }
    for name, (source, target) in copies.items():
        after = {"dependsOn": Ref("CopyLog")} if name == "Back" else {}
        objects |= {f"In{name}": source, f"Out{name}": target}
        ends = {"input": Ref(f"In{name}"), "output": Ref(f"Out{name}")}
        objects[f"Copy{name}"] = {"type": "CopyActivity", **ends, **after}
    pipeline = Pipeline.activated(examples.deployment, objects)
    for name in copies:
        pipeline.ended(f"Copy{name}", "FINISHED")
    for key in ("csv/1 ü+.csv", "csv/2.csv"):
        assert content(examples, bucket, key.replace("csv/", "whole/")) == files[key]
    assert content(examples, bucket, "listed/1 ü+.csv") == files["csv/1 ü+.csv"]
    assert gzip.decompress(content(examples, bucket, "joined.gz")).decode() == "a\\,b,1\n\\N,日本\nc,3\n"
    assert content(examples, bucket, "tabs/1 ü+.csv").decode() == "a,b\t1\n\\n\t日本\n"
    assert content(examples, bucket, "log.csv") == b"10.0.0.1,GET /\n10.0.0.2,\\n\n"
    assert content(examples, bucket, "log.txt") == b"GET / from 10.0.0.1\nnull from 10.0.0.2\n"
    assert content(examples, bucket, "piped/pipes") == b"a,b\n\\n,2\n"
    copied = s3.get_object(Bucket=bucket, Key="larger")
    assert copied["Body"].read() == large
    assert copied["ContentType"] == "text/x-test"


def test_what_is_missing_where_a_prefix_alone_may_be_listed(examples: Examples) -> None:
    bucket = "copy-prefix"
    place, s3 = f"s3://{bucket}/in", examples.deployment.s3
    s3.create_bucket(Bucket=bucket)
    grant(examples.deployment, COPY, s3_access(read=[f"{place}/"], write=[f"s3://{bucket}/out/"]))
    entries = [{"url": f"{place}/a.csv", "mandatory": True}, {"url": f"{place}/none.csv", "mandatory": False}]
    s3.put_object(Bucket=bucket, Key="in/a.csv", Body=b"1,a\n")
    s3.put_object(Bucket=bucket, Key="in/manifest", Body=json.dumps({"entries": entries}).encode())
    pipeline = Pipeline.activated(
        examples.deployment,
        {
            "Listed": {"type": "CopyActivity", "input": Ref("Manifest"), "output": Ref("Out")},
            "Gone": {"type": "CopyActivity", "input": Ref("Missing"), "output": Ref("Out")},
            "Manifest": {"type": "S3DataNode", "manifestFilePath": f"{place}/manifest"},
            "Missing": {"type": "S3DataNode", "filePath": f"{place}/none.csv"},
            "Out": {"type": "S3DataNode", "directoryPath": f"s3://{bucket}/out"},
        },
    )
    pipeline.ended("Listed", "FINISHED")
    assert content(examples, bucket, "out/a.csv") == b"1,a\n"
    assert pipeline.ended("Gone", "FAILED").fields["errorId"] == "InputNotFound"


def test_what_was_written_in_parts_is_given_up(examples: Examples) -> None:
    """Otherwise S3 would keep the parts, and charge for them."""
    bucket, s3 = "copy-given-up", examples.deployment.s3
    new_bucket(examples, bucket)
    whole = gzip.compress(b"1,a\n" * 3_000_000)
    s3.put_object(Bucket=bucket, Key="cut.gz", Body=whole[: len(whole) // 10 * 9])
    pipeline = Pipeline.activated(
        examples.deployment,
        {
            "Cut": {"type": "CopyActivity", "input": Ref("In"), "output": Ref("Out")},
            "In": {"type": "S3DataNode", "filePath": f"s3://{bucket}/cut.gz", "compression": "gzip"},
            "Out": {"type": "S3DataNode", "filePath": f"s3://{bucket}/out.csv"},
        },
    )
    pipeline.ended("Cut", "FAILED")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["cut.gz"]


@wherever_it_runs
def test_what_fails_leaves_nothing(examples: Examples, server: DatabaseServer, bucket: str) -> None:
    name = server.jdbc
    server.execute("CREATE TABLE kept_empty (n bigint, t varchar(5))")
    files = {
        "good.csv": b"1,ok\n" * 5000,
        "bad.csv": b"1,ok\n" * 5000 + b"1\n",
        "x.csv": b"9223372036854775808,a\n",
    }
    for key, data in files.items():
        examples.deployment.s3.put_object(Bucket=bucket, Key=key, Body=data)
    database: Fields = {
        "type": "JdbcDatabase",
        "connectionString": server.url,
        "jdbcDriverClass": "x",
        "username": server.user,
        "*password": server.password,
    }
    table: Fields = {"type": "SqlDataNode", "table": "kept_empty", "database": Ref("Db")}
    copies = {
        "Missing": ("Bad", "Table", "InvalidData"),
        "Large": ("X", "Table", "StatementFailed"),
        "NoTable": ("Good", "NoSuchTable", "StatementFailed"),
        "NoRows": ("NoRows", "Out", "StatementFailed"),
        "Wrong": ("Good", "WrongTable", "LoginFailed"),
        "NoFile": ("NoSuchFile", "Table", "InputNotFound"),
    }
    pipeline = Pipeline.activated(
        examples.deployment,
        {
            **{
                f"{copy}{name}": {"type": "CopyActivity", "input": Ref(source), "output": Ref(target)}
                for copy, (source, target, _) in copies.items()
            },
            "Db": database,
            "WrongDb": {**database, "*password": CANARY},
            "Good": {"type": "S3DataNode", "filePath": f"s3://{bucket}/good.csv"},
            "Bad": {"type": "S3DataNode", "filePath": f"s3://{bucket}/bad.csv"},
            "X": {"type": "S3DataNode", "filePath": f"s3://{bucket}/x.csv"},
            "NoSuchFile": {"type": "S3DataNode", "filePath": f"s3://{bucket}/none.csv"},
            "Out": {"type": "S3DataNode", "filePath": f"s3://{bucket}/out.csv"},
            "Table": table,
            "NoSuchTable": {**table, "table": "no_such_table"},
            "NoRows": {**table, "table": "no_such_table"},
            "WrongTable": {**table, "database": Ref("WrongDb")},
        },
    )
    for copy, (_, _, error_id) in copies.items():
        assert failed(pipeline, f"{copy}{name}")["errorId"] == error_id
    assert server.query("SELECT count(*) FROM kept_empty") == [(0,)]
    assert "Contents" not in examples.deployment.s3.list_objects_v2(Bucket=bucket, Prefix="out")
    names = [f"{copy}{name}" for copy in copies]
    for secret in (server.password, CANARY):
        refuse_canary(examples, secret, *names)


def test_a_server_that_goes_away(examples: Examples, server: DatabaseServer, bucket: str) -> None:
    """The select waits at the server, which ends the session like an administrator's shutdown."""
    postgresql = server.jdbc == "postgresql"
    pipeline = Pipeline.activated(
        examples.deployment,
        {
            f"Gone{server.jdbc}": {"type": "CopyActivity", "input": Ref("Rows"), "output": Ref("Out")},
            "Rows": {
                "type": "SqlDataNode",
                "table": "none",
                "selectQuery": f"SELECT 'gone away', {'pg_sleep' if postgresql else 'sleep'}(60)",
                "connectionString": server.url,
                "username": server.user,
                "*password": server.password,
            },
            "Out": {"type": "S3DataNode", "filePath": f"s3://{bucket}/gone.csv"},
        },
    )
    running = (
        "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY%gone away%'"
        if postgresql
        else "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT ''gone%'"
    )
    deadline = time.monotonic() + 60
    while not (found := server.query(running)):
        assert time.monotonic() < deadline, pipeline.attempts(f"Gone{server.jdbc}")
        time.sleep(0.1)
    ((session,),) = found
    server.execute(f"SELECT pg_terminate_backend({session})" if postgresql else f"KILL {session}")
    assert failed(pipeline, f"Gone{server.jdbc}")["errorId"] == "ConnectionLost"
    assert "Contents" not in examples.deployment.s3.list_objects_v2(Bucket=bucket, Prefix="gone")


def failed(pipeline: Pipeline, component: str) -> Mapping[str, str]:
    pipeline.ended(component, "FAILED")
    return pipeline.attempts(component)[0].fields


def refuse_canary(examples: Examples, canary: str, *components: str) -> None:
    """Fail if the canary is in an execution's history or in the handler's log."""
    deployment = examples.deployment
    pages = deployment.stepfunctions.get_paginator("get_execution_history")
    histories = [
        json.dumps(page["events"], default=str)
        for component in components
        for arn in executions(deployment, RUN_TASK, of=component)
        for page in pages.paginate(executionArn=arn)
    ]
    log = deployment.logs.get_paginator("filter_log_events")
    found = log.paginate(logGroupName=log_group_of(examples.deployment, "CopyActivity"))
    messages = [event["message"] for page in found for event in page["events"]]
    assert len(histories) >= len(components)
    assert messages
    assert not [text for text in (*histories, *messages) if canary in text]
