"""Failures between the service and the runner lose no task. The service's clock runs faster here."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.system.deployments import TIME_SCALE, Deployment, eventually
from tests.system.executions import NEVER_ACKNOWLEDGES, POLL_LOOP, RUN_TASK, executions, run_task_replaced
from tests.system.pipelines import Pipeline, shell

OFFERED_AGAIN_SECONDS = 120 / TIME_SCALE
RETRIED_ONCE = {"maximumRetries": "1", "retryDelay": "2 minutes"}


@pytest.fixture
def deployment(fast_deployment: Deployment) -> Deployment:
    return fast_deployment


def test_a_failed_command_is_tried_again(deployment: Deployment, tmp_path: Path) -> None:
    marker = tmp_path / "tried"
    command = f"test -e {marker} && exit; touch {marker}; echo 'not yet' >&2; exit 1"
    pipeline = Pipeline.activated(deployment, {"Flaky": shell(command, **RETRIED_ONCE)})
    pipeline.ended("Flaky", "FINISHED")
    first, second = pipeline.attempts("Flaky")
    assert (first.status, second.status) == ("FAILED", "FINISHED")
    assert "not yet" in first.fields["errorMessage"]


def test_an_execution_killed_before_it_acknowledges_loses_nothing(
    deployment: Deployment, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    pipeline = Pipeline.put(deployment, {"Unlucky": shell(f"echo ran >> {ran}")})
    with run_task_replaced(deployment, NEVER_ACKNOWLEDGES):
        pipeline.activate()
        stuck = eventually(
            lambda: next(iter(executions(deployment, RUN_TASK, of="Unlucky")), None),
            "the task was not taken",
        )
        deployment.stepfunctions.stop_execution(executionArn=stuck)
    assert not ran.exists()
    pipeline.ended("Unlucky", "FINISHED")
    assert ran.read_text().split() == ["ran"]
    statuses = executions(deployment, RUN_TASK, of="Unlucky")
    assert statuses.pop(stuck) == "ABORTED"
    assert list(statuses.values()) == ["SUCCEEDED"]


def test_a_loop_killed_while_it_polls_loses_nothing(deployment: Deployment, tmp_path: Path) -> None:
    """Its poll is still answered with the task, and nobody is there to take it."""
    ran = tmp_path / "ran"
    pipeline = Pipeline.put(deployment, {"Orphan": shell(f"echo ran >> {ran}")})
    for loop, status in executions(deployment, POLL_LOOP).items():
        if status == "RUNNING":
            deployment.stepfunctions.stop_execution(executionArn=loop)
    pipeline.activate()
    pipeline.ended("Orphan", "FINISHED")
    assert ran.read_text().split() == ["ran"]


@pytest.mark.long
def test_an_execution_killed_at_work_is_made_up_for_by_the_next_attempt(
    deployment: Deployment, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    command = f"test -e {started} && exit; touch {started}; sleep 2"
    activity = shell(command, reportProgressTimeout="2 minutes", **RETRIED_ONCE)
    pipeline = Pipeline.activated(deployment, {"Killed": activity})
    eventually(lambda: started.exists() or None, "the command was not started")
    (execution,) = executions(deployment, RUN_TASK, of="Killed")
    deployment.stepfunctions.stop_execution(executionArn=execution)
    pipeline.ended("Killed", "FINISHED")
    assert [attempt.status for attempt in pipeline.attempts("Killed")] == ["FAILED", "FINISHED"]


def test_a_task_that_nobody_acknowledges_is_offered_again(deployment: Deployment) -> None:
    group = "polled-by-hand"
    pipeline = Pipeline.activated(deployment, {"ByHand": shell("true")}, worker_group=group)
    client = deployment.datapipeline
    task = client.poll_for_task(workerGroup=group)["taskObject"]
    began = time.monotonic()
    again = eventually(
        lambda: client.poll_for_task(workerGroup=group).get("taskObject"), "the task was not offered again"
    )
    assert time.monotonic() - began == pytest.approx(OFFERED_AGAIN_SECONDS, abs=4)
    assert again["attemptId"] == task["attemptId"]
    assert again["pipelineId"] == pipeline.id
    client.report_task_progress(taskId=again["taskId"])
    client.set_task_status(taskId=again["taskId"], taskStatus="FINISHED")
    pipeline.ended("ByHand", "FINISHED")
    assert executions(deployment, RUN_TASK, of="ByHand") == {}
