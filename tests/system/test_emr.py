"""EmrActivity on the deployed stack, with a cluster of local EMR, which runs steps as processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import naming
from tests.system.deployments import STACK, eventually
from tests.system.emr_cluster import LOGS, EmrCluster, emr_cluster, objects
from tests.system.examples import Examples
from tests.system.executions import RUN_TASK, executions
from tests.system.pipelines import Fields, Pipeline

SCRIPT_RUNNER = "s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar"
RETRIED_ONCE = {"maximumRetries": "1", "retryDelay": "2 minutes"}


@pytest.fixture(scope="module")
def cluster(examples: Examples) -> Iterator[EmrCluster]:
    with emr_cluster(examples.deployment) as started:
        yield started


def bash(command: str) -> str:
    """A step that runs a command, in the form of the field ``step``."""
    return "command-runner.jar,bash,-c," + command.replace("\\", "\\\\\\\\").replace(",", "\\\\,")


def emr_activity(*steps: str, **fields: str) -> Fields:
    return {"type": "EmrActivity", "step": list(steps), **fields}


def test_steps_run_in_order_with_the_commands_around_them(cluster: EmrCluster, tmp_path: Path) -> None:
    deployment = cluster.deployment
    deployment.s3.create_bucket(Bucket="emr-scripts")
    echo = b'printf "%s|" "$#" "$@" >> ' + bytes(tmp_path / "order")
    deployment.s3.put_object(Bucket="emr-scripts", Key="echo.sh", Body=echo)
    pipeline = Pipeline.activated(
        deployment,
        {
            "InOrder": emr_activity(
                # The guide's example, in its own notation.
                rf"{SCRIPT_RUNNER},s3://emr-scripts/echo.sh,a\\,b\\,c",
                bash(f"sleep 0.5; printf '$1, \"two\" \\\\|' >> {tmp_path}/order"),
                preStepCommand=f"printf 'before|' > {tmp_path}/order",
                postStepCommand=f"printf after >> {tmp_path}/order; aws s3 cp {tmp_path}/order s3://emr-scripts/out",
            )
        },
    )
    pipeline.ended("InOrder", "FINISHED")
    out = deployment.s3.get_object(Bucket="emr-scripts", Key="out")["Body"].read().decode()
    assert out == 'before|1|a,b,c|$1, "two" \\|after'
    assert cluster.states("InOrder") == ["COMPLETED"] * 4


def test_a_step_that_fails_is_told_and_the_next_does_not_start(cluster: EmrCluster, tmp_path: Path) -> None:
    never = tmp_path / "never"
    pipeline = Pipeline.activated(
        cluster.deployment,
        {"BadStep": emr_activity(bash("echo no such partition >&2; exit 3"), bash(f"touch {never}"))},
    )
    pipeline.ended("BadStep", "FAILED")
    fields = pipeline.attempts("BadStep")[0].fields
    (step,) = cluster.steps("BadStep")
    assert step["Status"]["State"] == "FAILED"
    assert fields["errorId"] == "StepFailed"
    assert step["Id"] in fields["errorMessage"]
    assert "Unknown Error" in fields["errorMessage"]
    assert fields["errorMessage"].endswith("Its stderr ends with:\nno such partition")
    assert not never.exists()
    assert f"{cluster.id}/steps/{step['Id']}/stderr.gz" in {
        entry["Key"] for entry in cluster.deployment.s3.list_objects_v2(Bucket=LOGS)["Contents"]
    }


def test_canceling_ends_the_running_step_and_those_that_wait(cluster: EmrCluster, tmp_path: Path) -> None:
    deployment = cluster.deployment
    # EMR's launcher passes no signal on to them.
    two = "sleep 7301 & wait; sleep 7302"
    pipeline = Pipeline.activated(
        deployment,
        {
            "Running": emr_activity(bash(two), bash(f"touch {tmp_path}/never")),
        },
    )
    cluster.is_in("Running", "RUNNING")
    waiting = Pipeline.activated(deployment, {"Waiting": emr_activity(bash(f"touch {tmp_path}/never"))})
    cluster.is_in("Waiting", "PENDING")
    waiting.cancel("Waiting")
    cluster.is_in("Waiting", "CANCELLED")
    pipeline.cancel("Running")
    cluster.is_in("Running", "CANCELLED")
    pipeline.ended("Running", "CANCELED")
    waiting.ended("Waiting", "CANCELED")
    eventually(lambda: not naming("sleep\x007301") or None, "the step runs on")
    assert not list(tmp_path.iterdir())
    eventually(lambda: _all_ended(cluster, "Running", "Waiting") or None, "RunTask has not ended")


def _all_ended(cluster: EmrCluster, *components: str) -> bool:
    found = [executions(cluster.deployment, RUN_TASK, of=component).values() for component in components]
    return all(set(statuses) == {"SUCCEEDED"} for statuses in found)


@pytest.mark.parametrize(
    ("moment", "fault"),
    [
        ("during", {"operation": "AddJobFlowSteps", "kind": "delay", "seconds": 3}),
        ("after", {"operation": "AddJobFlowSteps", "kind": "late", "seconds": 3}),
    ],
)
def test_a_launcher_that_is_killed_submits_no_step_twice(
    cluster: EmrCluster, tmp_path: Path, moment: str, fault: dict[str, object]
) -> None:
    deployment = cluster.deployment
    name = f"Killed{moment}"
    deployment.emr_faults.add(fault)
    pipeline = Pipeline.activated(deployment, {name: emr_activity(bash(f"echo ran >> {tmp_path}/ran"))})
    eventually(lambda: not deployment.emr_faults.pending() or None, "EMR was not called", every=0.05)
    for pid in naming(f"AWS_LAMBDA_FUNCTION_NAME={STACK}-EmrActivity"):
        with contextlib.suppress(ProcessLookupError):  # It has ended with one that was killed before it.
            os.kill(pid, signal.SIGKILL)
    pipeline.ended(name, "FINISHED")
    assert (tmp_path / "ran").read_text().split() == ["ran"]
    assert cluster.states(name) == ["COMPLETED"]


def test_a_lost_answer_and_minutes_of_throttling_change_nothing(cluster: EmrCluster, tmp_path: Path) -> None:
    deployment = cluster.deployment
    deployment.emr_faults.add(
        {"operation": "AddJobFlowSteps", "kind": "drop"},
        {"operation": "AddJobFlowSteps", "kind": "full", "count": 2},
        {"operation": "DescribeStep", "kind": "throttle", "lasting": 12},
    )
    pipeline = Pipeline.activated(
        deployment, {"ThrottledSteps": emr_activity(bash(f"echo ran >> {tmp_path}/ran"))}
    )
    pipeline.ended("ThrottledSteps", "FINISHED")
    assert (tmp_path / "ran").read_text().split() == ["ran"]
    assert cluster.states("ThrottledSteps") == ["COMPLETED"]


def test_a_secret_is_not_put_into_a_step(cluster: EmrCluster) -> None:
    secret = "emr-canary-5f1c"
    pipeline = Pipeline.activated(
        cluster.deployment, {"Secret": emr_activity(bash(f"echo {secret}"), **{"*myPassword": secret})}
    )
    pipeline.ended("Secret", "FAILED")
    assert pipeline.attempts("Secret")[0].fields["errorId"] == "SecretInStep"
    assert not cluster.steps("Secret")
    assert secret not in json.dumps(objects(cluster.deployment, LOGS, f"{cluster.id}/nothing"))


def test_without_a_cluster_of_the_name_the_task_fails(examples: Examples) -> None:
    with emr_cluster(examples.deployment, "etl"):
        pipeline = Pipeline.activated(examples.deployment, {"Two": emr_activity(bash("true"))})
        pipeline.ended("Two", "FAILED")
    fields = pipeline.attempts("Two")[0].fields
    assert fields["errorId"] == "NoSuchCluster"
    assert "2 run" in fields["errorMessage"]
