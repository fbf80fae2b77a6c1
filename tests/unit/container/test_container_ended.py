"""The function that leaves no container behind."""

from __future__ import annotations

import importlib
import json
from types import ModuleType
from typing import Any

import pytest

from container.objects import TaskObjects
from runner import clients
from tests.unit.fake_s3 import FakeS3

NAME = "Load-12345678-abc"
FOLDER = f"containers/{NAME}/"
EVENT = {
    "execution": NAME,
    "task": {"pipelineId": "df-1", "attemptId": "@Load_Attempt=1", "taskId": "T1"},
    "error": "ContainerStopped",
    "cause": json.dumps({"TaskArn": "arn:…/t1", "StopCode": "EssentialContainerExited", "Containers": []}),
    "starts": 1,
    "looks": 0,
    "logGroup": "/ecs/x",
}


class FakeEcs:
    """Tasks by ARN; a stopped one ends when it is next described."""

    def __init__(self, **tasks: dict[str, str]) -> None:
        self.tasks = tasks
        self.stopped: list[str] = []
        self.looked = False

    def get_paginator(self, operation: str) -> FakeEcs:
        assert operation == "list_tasks"
        return self

    def paginate(self, *, cluster: str, desiredStatus: str) -> list[Any]:  # noqa: N803 - the API's own name
        self.looked = True
        found = [arn for arn, task in self.tasks.items() if task["desiredStatus"] == desiredStatus]
        return [{"taskArns": found}]

    def describe_tasks(self, *, cluster: str, tasks: list[str]) -> Any:
        return {"tasks": [{"taskArn": arn, **self.tasks[arn]} for arn in tasks if arn in self.tasks]}

    def stop_task(self, *, cluster: str, task: str, reason: str) -> None:
        self.stopped.append(task)
        self.tasks[task] |= {"desiredStatus": "STOPPED", "lastStatus": "DEPROVISIONING"}


def running(group: str = NAME) -> dict[str, str]:
    return {"group": group, "desiredStatus": "RUNNING", "lastStatus": "RUNNING"}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("CLUSTER", "TaskRunner")
    monkeypatch.setenv("CLAIMS_BUCKET", "claims")
    return importlib.import_module("container_ended")


def handle(module: ModuleType, ecs: FakeEcs, monkeypatch: pytest.MonkeyPatch, event: Any) -> Any:
    monkeypatch.setattr(clients, "ecs", lambda: ecs)
    return module.handler(event, None)


def test_an_outcome_that_is_there_is_handed_on_without_a_look_at_the_cluster(
    module: ModuleType, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.objects["claims", FOLDER + "started"] = b"t1"
    s3.objects["claims", FOLDER + "outcome.json"] = b'{"status": "FALSE"}'
    ecs = FakeEcs(other=running("another-execution"))
    assert handle(module, ecs, monkeypatch, EVENT) == {"status": "FALSE"}
    assert not ecs.looked


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({**EVENT, "error": "TaskCanceled"}, "CANCELED"),
        ({**EVENT, "error": "States.Timeout", "cause": ""}, "FAILED"),
    ],
)
def test_a_container_that_still_runs_is_stopped_and_waited_for(
    module: ModuleType, s3: FakeS3, monkeypatch: pytest.MonkeyPatch, event: Any, status: str
) -> None:
    ecs = FakeEcs(mine=running(), other=running("another-execution"))
    for _ in range(2):  # Stopped once, and asked for until it has ended.
        with pytest.raises(module.ContainerStopping):
            handle(module, ecs, monkeypatch, event)
    assert ecs.stopped == ["mine"]
    ecs.tasks["mine"]["lastStatus"] = "STOPPED"
    response = handle(module, ecs, monkeypatch, event)
    assert response["status"] == status
    assert ecs.tasks["other"]["lastStatus"] == "RUNNING"


@pytest.mark.parametrize(
    "event",
    [
        # Two were started, and RunTask waited for the one that found the task taken.
        EVENT,
        {**EVENT, "error": "ECS.SdkClientException", "cause": "Unable to execute HTTP request"},
        {**EVENT, "error": "ContainerFollowed", "cause": ""},
    ],
)
def test_a_container_that_has_taken_the_task_goes_on_though_runtask_waits_for_no_such(
    module: ModuleType, s3: FakeS3, monkeypatch: pytest.MonkeyPatch, event: Any
) -> None:
    s3.objects["claims", FOLDER + "started"] = b"mine"
    ecs = FakeEcs(mine=running(), other=running("another-execution"))
    response = handle(module, ecs, monkeypatch, event)
    assert (response["status"], response["state"]["running"], ecs.stopped) == ("DEFERRED", True, [])
    ecs.tasks["mine"] |= {"desiredStatus": "STOPPED", "lastStatus": "DEPROVISIONING"}
    with pytest.raises(module.ContainerStopping):  # It ends in a moment.
        handle(module, ecs, monkeypatch, event)
    ecs.tasks["mine"] |= {"lastStatus": "STOPPED", "stopCode": "SpotInterruption"}
    assert handle(module, ecs, monkeypatch, event)["errorId"] == "SpotInterruption"
    s3.objects["claims", FOLDER + "outcome.json"] = b'{"status": "FINISHED"}'
    assert handle(module, ecs, monkeypatch, event) == {"status": "FINISHED"}


def test_a_container_that_is_not_listed_yet_is_no_ended_one(
    module: ModuleType, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ListTasks of Amazon ECS is eventually consistent."""
    s3.objects["claims", FOLDER + "started"] = b"mine"
    ecs = FakeEcs(mine=running())
    monkeypatch.setattr(ecs, "paginate", lambda **_: [{"taskArns": []}])
    event = {**EVENT, "error": "ECS.SdkClientException", "cause": "Unable to execute HTTP request"}
    response = handle(module, ecs, monkeypatch, event)
    assert (response["status"], response["state"]["running"]) == ("DEFERRED", True)
    with pytest.raises(module.ContainerStopping):
        handle(module, ecs, monkeypatch, {**event, "error": "TaskCanceled"})
    assert ecs.stopped == ["mine"]


def test_an_outcome_written_while_the_container_was_being_stopped_counts(
    module: ModuleType, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {**EVENT, "error": "States.QueryEvaluationError", "cause": "…"}
    s3.objects["claims", FOLDER + "started"] = b"t1"
    ecs = FakeEcs(mine={**running(), "desiredStatus": "STOPPED"})
    with pytest.raises(module.ContainerStopping):
        handle(module, ecs, monkeypatch, event)
    s3.objects["claims", FOLDER + "outcome.json"] = b'{"status": "FINISHED"}'
    assert handle(module, ecs, monkeypatch, event) == {"status": "FINISHED"}


def test_the_container_of_an_aborted_execution_is_stopped_and_none_can_take_its_task(
    module: ModuleType, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    ecs = FakeEcs(mine=running(), other=running("another-execution"))
    aborted = {"detail": {"name": NAME, "status": "ABORTED"}}
    assert handle(module, ecs, monkeypatch, aborted) is None
    assert ecs.stopped == ["mine"]
    late = TaskObjects.of_execution(s3, "claims", NAME)  # type: ignore[arg-type]
    assert not late.begin("a container that starts only now")


def test_a_container_that_has_no_room_yet_is_counted(
    module: ModuleType, s3: FakeS3, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {**EVENT, "error": "AmazonECS.Unknown", "cause": "Capacity is unavailable at this time."}
    assert handle(module, FakeEcs(), monkeypatch, event)["status"] == "DEFERRED"
    assert '"ContainersNotStarted":[1.0]' in capsys.readouterr().out
