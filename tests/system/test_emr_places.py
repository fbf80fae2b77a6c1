"""Where steps run: clusters that are started for tasks, and EMR Serverless."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.processes import naming
from tests.system.deployments import STACK, Deployment, eventually
from tests.system.emr_cluster import LOGS, emr_cluster, objects
from tests.system.examples import Examples
from tests.system.hive_engine import hive_engine, read_lines
from tests.system.pipelines import Fields, Pipeline, Ref
from tests.system.test_emr import bash, emr_activity

pytestmark = pytest.mark.long

OWN, SHARED = "on-a-cluster-of-its-own", "on-a-shared-cluster"
SERVERLESS, SERVERLESS_HIVE = "on-emr-serverless", "on-emr-serverless-hive"


@pytest.fixture
def deployment(examples: Examples) -> Deployment:
    s3 = examples.deployment.s3
    if LOGS not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=LOGS)
    return examples.deployment


def clusters(deployment: Deployment, part_of_name: str) -> list[Any]:
    pages = deployment.emr.get_paginator("list_clusters").paginate()
    found = [cluster for page in pages for cluster in page["Clusters"]]
    return [cluster for cluster in found if part_of_name in cluster["Name"]]


def states(deployment: Deployment, part_of_name: str) -> list[str]:
    return [cluster["Status"]["State"] for cluster in clusters(deployment, part_of_name)]


def is_terminated(deployment: Deployment, part_of_name: str) -> None:
    eventually(
        lambda: states(deployment, part_of_name) == ["TERMINATED"] or None,
        lambda: f"{part_of_name}: {states(deployment, part_of_name)}",
    )


def test_a_cluster_of_its_own_ends_with_the_task_however_that_ends(
    deployment: Deployment, tmp_path: Path
) -> None:
    own = {"myHandler": OWN}
    pipeline = Pipeline.activated(
        deployment,
        {
            "OwnGood": emr_activity(bash(f"echo ran >> {tmp_path}/ran"), bash("true"), **own),
            "OwnBad": emr_activity(bash("echo broken >&2; exit 1"), **own),
            "OwnNone": emr_activity(" ", **own),
            "OwnEndless": emr_activity(bash("sleep 7303"), **own),
        },
    )

    def runs() -> bool | None:
        found = clusters(deployment, "OwnEndless")
        steps = deployment.emr.list_steps(ClusterId=found[0]["Id"])["Steps"] if found else []
        return [step["Status"]["State"] for step in steps] == ["RUNNING"] or None

    eventually(runs, "the step does not run")
    pipeline.cancel("OwnEndless")
    pipeline.ended("OwnGood", "FINISHED")
    pipeline.ended("OwnBad", "FAILED")
    pipeline.ended("OwnNone", "FAILED")
    pipeline.ended("OwnEndless", "CANCELED")
    assert (tmp_path / "ran").read_text() == "ran\n"
    assert pipeline.attempts("OwnBad")[0].fields["errorMessage"].endswith("broken")
    for component in ("OwnGood", "OwnBad", "OwnEndless"):
        is_terminated(deployment, component)
    assert not clusters(deployment, "OwnNone")


def test_a_shared_cluster_stays_for_the_next_task(deployment: Deployment, tmp_path: Path) -> None:
    shared = {"myHandler": SHARED}
    for name in ("First", "Second"):
        pipeline = Pipeline.activated(
            deployment, {name: emr_activity(bash(f"echo {name} >> {tmp_path}/ran"), **shared)}
        )
        pipeline.ended(name, "FINISHED")
    assert (tmp_path / "ran").read_text().split() == ["First", "Second"]
    (cluster,) = clusters(deployment, f"{STACK} ")
    deployment.emr.terminate_job_flows(JobFlowIds=[cluster["Id"]])
    third = Pipeline.activated(deployment, {"Third": emr_activity(bash("true"), **shared)})
    third.ended("Third", "FINISHED")
    (idle, _) = clusters(deployment, f"{STACK} ")
    described = deployment.emr.describe_cluster(ClusterId=idle["Id"])["Cluster"]
    assert described["Status"]["State"] == "WAITING"
    deployment.emr.terminate_job_flows(JobFlowIds=[idle["Id"]])


def test_a_cluster_that_does_not_start_or_is_terminated_fails_the_task(
    deployment: Deployment, tmp_path: Path
) -> None:
    own = {"myHandler": OWN}
    deployment.emr_faults.add({"operation": "StartCluster", "kind": "fail"})
    pipeline = Pipeline.activated(deployment, {"NoStart": emr_activity(bash("true"), **own)})
    pipeline.ended("NoStart", "FAILED")
    fields = pipeline.attempts("NoStart")[0].fields
    assert fields["errorId"] == "StepCancelled"
    assert "bootstrap action 1 failed" in fields["errorMessage"]

    running = Pipeline.activated(deployment, {"Gone": emr_activity(bash("sleep 7304"), **own)})
    found = eventually(lambda: clusters(deployment, "Gone") or None, "no cluster was started")
    eventually(lambda: states(deployment, "Gone") == ["RUNNING"] or None, "the cluster does not run")
    deployment.emr.terminate_job_flows(JobFlowIds=[found[0]["Id"]])
    running.ended("Gone", "FAILED")
    assert "Terminated by user request" in running.attempts("Gone")[0].fields["errorMessage"]


def test_a_cluster_is_started_once_although_the_answer_is_lost(deployment: Deployment) -> None:
    deployment.emr_faults.add({"operation": "RunJobFlow", "kind": "drop"})
    pipeline = Pipeline.activated(deployment, {"Lost": emr_activity(bash("true"), myHandler=OWN)})
    pipeline.ended("Lost", "FINISHED")
    is_terminated(deployment, "Lost")


def test_spark_applications_on_emr_serverless(deployment: Deployment, tmp_path: Path) -> None:
    s3 = deployment.s3
    marked = f"import pathlib, time\npathlib.Path('{tmp_path}/started').touch()\n"
    s3.create_bucket(Bucket="serverless")
    s3.put_object(Bucket="serverless", Key="app.py", Body=b"import sys\nprint(sys.argv)\nsys.exit(0)\n")
    s3.put_object(Bucket="serverless", Key="endless.py", Body=f"{marked}time.sleep(600)".encode())
    s3.put_object(Bucket="serverless", Key="bad.py", Body=b"raise SystemExit('no such day')\n")
    on: Fields = {"myHandler": SERVERLESS}
    # The run is started, and no answer tells of it.
    deployment.emr_faults.add({"operation": "StartJobRun", "kind": "drop"})
    pipeline = Pipeline.activated(
        deployment,
        {
            "Sparked": {
                **on,
                "type": "EmrActivity",
                "step": "command-runner.jar,spark-submit,--deploy-mode,cluster,--conf,spark.executor.cores=1,"
                "s3://serverless/app.py,a b",
            },
            "BadSpark": {
                **on,
                "type": "EmrActivity",
                "dependsOn": Ref("Sparked"),
                "step": "command-runner.jar,spark-submit,s3://serverless/bad.py",
            },
            "NoCluster": {**on, **emr_activity(bash("true"))},
            "EndlessSteps": {
                **on,
                "type": "EmrActivity",
                "dependsOn": Ref("Sparked"),
                "step": "command-runner.jar,spark-submit,s3://serverless/endless.py",
            },
        },
    )
    pipeline.ended("NoCluster", "FAILED")
    assert pipeline.attempts("NoCluster")[0].fields["errorId"] == "NeedsCluster"
    pipeline.ended("Sparked", "FINISHED")
    pipeline.ended("BadSpark", "FAILED")
    message = pipeline.attempts("BadSpark")[0].fields["errorMessage"]
    assert "is FAILED" in message
    logs = "serverless/applications/00f1a2b3c4d5e6f7/jobs/"
    run = message.partition("/jobs/")[2].partition("/")[0]
    assert "no such day" in job_log(deployment, f"{logs}{run}/")
    eventually(lambda: (tmp_path / "started").exists() or None, "the job run was not started")
    pipeline.cancel("EndlessSteps")
    pipeline.ended("EndlessSteps", "CANCELED")
    eventually(lambda: not naming("endless.py") or None, "the job run goes on")
    listed = s3.list_objects_v2(Bucket=LOGS, Prefix=logs)["Contents"]
    printed = [job_log(deployment, entry["Key"].rpartition("/")[0] + "/") for entry in listed]
    assert len([text for text in printed if "'a b'" in text]) == 2, "stdout and stderr of one run"


def job_log(deployment: Deployment, place: str) -> str:
    """stdout and stderr of a job run."""
    return "".join(
        gzip.decompress(
            deployment.s3.get_object(Bucket=LOGS, Key=f"{place}{name}.gz")["Body"].read()
        ).decode()
        for name in ("stdout", "stderr")
    )


@pytest.mark.spark
def test_hive_on_emr_serverless(deployment: Deployment) -> None:
    assert hive_engine(deployment)
    s3 = deployment.s3
    s3.create_bucket(Bucket="serverless-hive")
    s3.put_object(Bucket="serverless-hive", Key="in/1", Body=b"1,a\n2,b\n")
    node: Fields = {"type": "S3DataNode", "dataFormat": Ref("Rows")}
    pipeline = Pipeline.activated(
        deployment,
        {
            "Hived": {
                "type": "HiveActivity",
                "myHandler": SERVERLESS_HIVE,
                "input": Ref("In"),
                "output": Ref("Out"),
                "scriptVariable": "least=2",
                "hiveScript": "INSERT OVERWRITE TABLE ${output1} "
                "SELECT * FROM ${input1} WHERE id >= ${least};",
            },
            "Rows": {"type": "CSV", "column": ["id INT", "name STRING"]},
            "In": {**node, "directoryPath": "s3://serverless-hive/in"},
            "Out": {**node, "directoryPath": "s3://serverless-hive/out"},
        },
    )
    pipeline.ended("Hived", "FINISHED")
    assert read_lines(list(objects(deployment, "serverless-hive", "out/").values())) == ["2,b"]
    (script,) = objects(deployment, LOGS, "scripts/").values()
    assert "WHERE id >= 2;" in script


@pytest.mark.spark
def test_a_canceled_hive_script_leaves_no_application_on_yarn(deployment: Deployment) -> None:
    engine = hive_engine(deployment)
    endless = (
        "SELECT count(*) FROM range(1000000000) a CROSS JOIN range(1000000000) b WHERE a.id + b.id = -1;"
    )
    with emr_cluster(deployment):
        pipeline = Pipeline.activated(
            deployment, {"EndlessHive": {"type": "HiveActivity", "stage": "false", "hiveScript": endless}}
        )
        eventually(lambda: engine.applications() or None, "the script does not run")
        pipeline.cancel("EndlessHive")
        pipeline.ended("EndlessHive", "CANCELED")
        eventually(lambda: not engine.applications() or None, "the application goes on")
