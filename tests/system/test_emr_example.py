"""The example of docs/emr.md: one activity of each type."""

from __future__ import annotations

import pytest

from local.launch import ROOT
from tests.system.emr_cluster import emr_cluster, objects
from tests.system.examples import Examples
from tests.system.hive_engine import hive_engine, read_lines
from tests.system.pipelines import Pipeline

pytestmark = pytest.mark.spark

EXAMPLE = ROOT / "docs" / "examples" / "emr.json"
MAPPER = """\
#!/usr/bin/env python3
import sys

for line in sys.stdin:
    customer, page, seconds = line.rstrip("\\n").split("\\t")
    print(f"LongValueSum:{page}\\t1")
"""


def test_the_example_of_the_documentation(examples: Examples) -> None:
    deployment = examples.deployment
    assert hive_engine(deployment)
    deployment.s3.create_bucket(Bucket="visits")
    visits = "ann\t/a\t7\nbob\t/b\t2\nann\t/b\t8\ncid\t/a\t30\n"
    deployment.s3.put_object(Bucket="visits", Key="etl/visits/1", Body=visits.encode())
    deployment.s3.put_object(Bucket="visits", Key="etl/scripts/pages.py", Body=MAPPER.encode())
    for table in ("customers", "customers-copy"):
        deployment.dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "customer", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "customer", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    for customer, seconds in (("ann", "15"), ("bob", "2")):
        item = {"customer": {"S": customer}, "seconds": {"N": seconds}}
        deployment.dynamodb.put_item(TableName="customers", Item=item)
    created = deployment.aws_json("datapipeline", "create-pipeline", "--name", "emr", "--unique-id", "emr")
    selected = ("--pipeline-id", created["pipelineId"])
    deployment.aws(
        *("datapipeline", "put-pipeline-definition", *selected),
        *("--pipeline-definition", f"file://{EXAMPLE}", "--parameter-values", "myPlace=s3://visits/etl"),
    )
    with emr_cluster(deployment):
        deployment.aws("datapipeline", "activate-pipeline", *selected)
        pipeline = Pipeline(deployment, created["pipelineId"])
        for component in ("CountPages", "SumUp", "PickNames", "Restore", "Announce"):
            pipeline.ended(component, "FINISHED")
    place = f"counts/{pipeline.id}/"
    assert objects(deployment, "visits", f"etl/{place}") == {"part-00000": "/a\t2\n/b\t2\n"}
    spent = read_lines(list(objects(deployment, "visits", "etl/spent/").values()))
    assert spent == ["ann,15,/b", "cid,30,/a"]
    assert read_lines(list(objects(deployment, "visits", "etl/names/").values())) == ["ann", "cid"]
    copied = deployment.dynamodb.scan(TableName="customers-copy")["Items"]
    assert copied == [{"customer": {"S": "ann"}, "seconds": {"N": "15"}}]
    announced = deployment.s3.get_object(Bucket="visits", Key="etl/announced")["Body"].read().decode()
    assert announced == f"done, as of {pipeline.id}\n"
