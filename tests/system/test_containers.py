"""Handlers in containers on the deployed stack: whatever becomes of one, its task ends, and none is left."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import processes
from tests.system.deployments import CONTAINERS_TIME_SCALE, STACK, Deployment, eventually
from tests.system.executions import RUN_TASK, executions
from tests.system.pipelines import Pipeline, shell

CANARY = "canary-9c41e7"


@pytest.fixture
def deployment(container_deployment: Deployment) -> Iterator[Deployment]:
    yield container_deployment
    container_deployment.faults.clear()
    eventually(lambda: not containers(container_deployment) or None, "containers are left")


def containers(deployment: Deployment, status: Any = "RUNNING") -> list[Any]:
    """The ECS tasks that have not stopped, or that have."""
    arns: list[str] = []
    for desired in ("RUNNING", "STOPPED"):
        arns += deployment.ecs.list_tasks(cluster=STACK, desiredStatus=desired)["taskArns"]
    found = deployment.ecs.describe_tasks(cluster=STACK, tasks=arns[-100:])["tasks"] if arns else []
    return [task for task in found if (task["lastStatus"] == "STOPPED") == (status == "STOPPED")]


def attempt(pipeline: Pipeline, component: str, status: str) -> Mapping[str, str]:
    pipeline.ended(component, status)
    (run,) = pipeline.attempts(component)
    return run.fields


def runs(file: Path) -> int:
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_what_commands_do_in_a_container(deployment: Deployment) -> None:
    pipeline = Pipeline.activated(
        deployment,
        {
            "Template": shell("(sudo yum -y update aws-cli) && sudo aws sts get-caller-identity >&2; exit 3"),
            "Children": shell("for i in 1 2; do (sleep 555.7 &); done; setsid -f sleep 555.7; echo left"),
            "Packages": shell("true", myHandler="packages"),
            "Spot": shell("true", myHandler="spot"),
            "Large": shell("python3 -c 'bytearray(900_000_000)'", myHandler="small"),
            "Minutes": shell(f"sleep {40 * 60 / CONTAINERS_TIME_SCALE / 20}; exit 7"),
        },
    )
    said = attempt(pipeline, "Template", "FAILED")
    assert said["errorId"] == "CommandFailed"
    assert "CommandRole" in said["errorMessage"]
    pipeline.ended("Children", "FINISHED")
    assert not processes.naming("555.7")
    pipeline.ended("Packages", "FINISHED")
    pipeline.ended("Spot", "FINISHED")
    assert "137" in attempt(pipeline, "Large", "FAILED")["errorMessage"]
    assert "exit code 7" in attempt(pipeline, "Minutes", "FAILED")["errorMessage"]
    assert {task.get("capacityProviderName") for task in containers(deployment, "STOPPED")} >= {
        "FARGATE_SPOT"
    }


def test_a_canceled_task_stops_its_container(deployment: Deployment, tmp_path: Path) -> None:
    started = tmp_path / "started"
    stubborn = f"trap '' TERM; touch {started}; while :; do sleep 0.31; done"
    pipeline = Pipeline.activated(
        deployment, {"Cancel": shell(stubborn), "Late": shell(stubborn, attemptTimeout="5 minutes")}
    )
    eventually(lambda: started.exists() or None, "the command was not started")
    pipeline.cancel("Cancel")
    pipeline.ended("Cancel", "CANCELED")
    pipeline.ended("Late", "FAILED")
    eventually(lambda: not containers(deployment) or None, "containers are left")
    eventually(lambda: not processes.naming("sleep 0.31") or None, "processes are left")


def test_an_aborted_execution_leaves_no_container(deployment: Deployment, tmp_path: Path) -> None:
    started = tmp_path / "started"
    pipeline = Pipeline.activated(
        deployment, {"Abort": shell(f"touch {started}; sleep 556", maximumRetries="0")}
    )
    eventually(lambda: started.exists() or None, "the command was not started")
    (arn,) = executions(deployment, RUN_TASK, of="Abort")
    deployment.stepfunctions.stop_execution(executionArn=arn)
    eventually(lambda: not containers(deployment) or None, "the container is left")
    pipeline.over("Abort")


def test_containers_that_cannot_start_yet_start_later(deployment: Deployment, tmp_path: Path) -> None:
    """Each kind of refusal happens to some task, and none of them notices."""
    kinds = ("capacity", "limit", "throttle", "error", "unstartable")
    deployment.faults.add(
        *({"operation": "ECS:RunTask", "kind": kind} for kind in kinds[:-1]),
        {"operation": "ECS:Container", "kind": kinds[-1]},
    )
    files = [tmp_path / f"runs-{number}" for number in range(3)]
    pipeline = Pipeline.activated(
        deployment, {f"Later{number}": shell(f"echo x >> {file}") for number, file in enumerate(files)}
    )
    for number, file in enumerate(files):
        pipeline.ended(f"Later{number}", "FINISHED")
        assert runs(file) == 1
        assert len(pipeline.attempts(f"Later{number}")) == 1
    assert not deployment.faults.pending()


@pytest.mark.parametrize(
    ("fault", "error_id", "words"),
    [
        (
            {"kind": "unstartable", "answer": "CannotPullContainerError: not found"},
            "ContainerNotStarted",
            "not found",
        ),
        ({"kind": "kill", "seconds": 6}, "ContainerOutOfMemory", "137"),
        ({"kind": "interrupt", "seconds": 6}, "SpotInterruption", "maximumRetries"),
    ],
)
def test_a_container_that_ends_early_is_a_failure_with_its_reason(
    deployment: Deployment, fault: dict[str, Any], error_id: str, words: str
) -> None:
    deployment.faults.add({"operation": "ECS:Container", **fault})
    name = f"Early-{fault['kind']}"
    pipeline = Pipeline.activated(deployment, {name: shell("sleep 60")})
    said = attempt(pipeline, name, "FAILED")
    assert said["errorId"] == error_id
    assert words in said["errorMessage"]


def test_a_person_who_stops_a_container_fails_its_task(deployment: Deployment) -> None:
    pipeline = Pipeline.activated(deployment, {"Stopped": shell("sleep 60")})
    running = eventually(
        lambda: [t for t in containers(deployment) if t["lastStatus"] == "RUNNING"] or None, "none"
    )
    time.sleep(3)
    deployment.ecs.stop_task(cluster=STACK, task=running[0]["taskArn"], reason="somebody wanted to")
    said = attempt(pipeline, "Stopped", "FAILED")
    assert said["errorId"] == "ContainerStopped"
    assert "somebody wanted to" in said["errorMessage"]


@pytest.mark.parametrize("kind", ["twice", "drop"])
def test_a_task_is_run_once_whatever_is_started(deployment: Deployment, kind: str, tmp_path: Path) -> None:
    """RunTask of Amazon ECS is carried out twice, or its answer is lost."""
    file = tmp_path / "runs"
    deployment.faults.add({"operation": "ECS:RunTask", "kind": kind})
    pipeline = Pipeline.activated(deployment, {f"Once-{kind}": shell(f"echo x >> {file}; sleep 2")})
    run = pipeline.over(f"Once-{kind}")
    assert run.status in ("FINISHED", "FAILED")
    assert runs(file) <= 1
    if run.status == "FINISHED":
        assert runs(file) == 1


def test_a_look_at_containers_that_fails_is_repeated(deployment: Deployment, tmp_path: Path) -> None:
    started = tmp_path / "started"
    pipeline = Pipeline.activated(deployment, {"Look": shell(f"touch {started}; sleep 60")})
    eventually(lambda: started.exists() or None, "the command was not started")
    looks = ("ECS:ListTasks", "ECS:StopTask", "ECS:DescribeTasks")
    deployment.faults.add(*({"operation": operation, "kind": "error", "count": 2} for operation in looks))
    pipeline.cancel("Look")
    pipeline.ended("Look", "CANCELED")
    (arn,) = executions(deployment, RUN_TASK, of="Look")
    eventually(
        lambda: executions(deployment, RUN_TASK, of="Look")[arn] != "RUNNING" or None, "RunTask is not over"
    )
    deployment.faults.clear()
    assert not containers(deployment)


def test_a_secret_reaches_the_container_and_nothing_that_anybody_can_read(deployment: Deployment) -> None:
    pipeline = Pipeline.activated(
        deployment,
        {"Secret": shell("echo $# >&2; env | grep -c 9c41e7 >&2; exit 1", **{"*myPassword": CANARY})},
    )
    said = attempt(pipeline, "Secret", "FAILED")
    (arn,) = executions(deployment, RUN_TASK, of="Secret")
    pages = deployment.stepfunctions.get_paginator("get_execution_history").paginate(executionArn=arn)
    history = json.dumps([event for page in pages for event in page["events"]], default=str)
    described = deployment.ecs.describe_tasks(
        cluster=STACK,
        tasks=deployment.ecs.list_tasks(cluster=STACK, desiredStatus="STOPPED")["taskArns"][-100:],
        include=["TAGS"],
    )
    definition = deployment.ecs.describe_task_definition(taskDefinition=f"{STACK}-ShellCommandActivity")
    logged = [
        event["message"]
        for group in deployment.logs.describe_log_groups()["logGroups"]
        for event in deployment.logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
    ]
    for place in (history, json.dumps(described, default=str), json.dumps(definition, default=str), *logged):
        assert CANARY not in place
    assert CANARY not in said["errorMessage"]
