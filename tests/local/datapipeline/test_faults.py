"""Faults on demand: set through the control endpoint, observed by botocore."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.account import connection
from tests.local.commands import running
from tests.local.datapipeline.account import pipeline_object, shell
from tests.local.fault_control import FaultControl


@pytest.fixture(scope="module")
def endpoint_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory: Path = tmp_path_factory.mktemp("no-app")
    with running(
        "up", "--no-deploy", "--port", "0", "--setting", "acknowledge_within=2 seconds", directory=directory
    ) as command:
        yield command.ready()


@pytest.fixture
def control(endpoint_url: str) -> FaultControl:
    return FaultControl(endpoint_url)


@pytest.fixture
def client(endpoint_url: str, control: FaultControl) -> Iterator[Any]:
    control.clear()
    yield boto3.client(
        "datapipeline",
        **connection(endpoint_url),
        config=Config(retries={"total_max_attempts": 1}, read_timeout=10),
    )
    control.clear()


def fault(control: FaultControl, operation: str, kind: str, **more: Any) -> None:
    control.add({"operation": operation, "kind": kind, **more})


def start(client: Any, group: str) -> str:
    pipeline: str = client.create_pipeline(name=group, uniqueId=group)["pipelineId"]
    default = pipeline_object("Default", scheduleType="ondemand", workerGroup=group)
    client.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=[default, shell("A")])
    client.activate_pipeline(pipelineId=pipeline)
    return pipeline


def test_errors_and_throttles_come_as_often_as_asked_for(client: Any, control: FaultControl) -> None:
    fault(control, "ListPipelines", "error", count=2)
    fault(control, "ListPipelines", "throttle")
    fault(control, "ListPipelines", "deny")
    codes = []
    for _ in range(4):
        with pytest.raises(ClientError) as caught:
            client.list_pipelines()
        codes.append(caught.value.response["Error"]["Code"])
    refusals = ["ThrottlingException", "AccessDeniedException"]
    assert codes == ["InternalServiceError", "InternalServiceError", *refusals]
    client.list_pipelines()


def test_a_delayed_answer_comes_later(client: Any, control: FaultControl) -> None:
    fault(control, "ListPipelines", "delay", seconds=0.4)
    began = time.monotonic()
    client.list_pipelines()
    assert time.monotonic() - began >= 0.4


def test_a_dropped_poll_has_taken_the_task_which_is_offered_again(client: Any, control: FaultControl) -> None:
    fault(control, "PollForTask", "drop")
    start(client, "dropped")
    with pytest.raises(BotoCoreError):
        client.poll_for_task(workerGroup="dropped")
    assert client.poll_for_task(workerGroup="dropped")["taskObject"]["attemptId"].startswith("@A_")


def test_a_dropped_status_was_taken(client: Any, control: FaultControl) -> None:
    pipeline = start(client, "status")
    task = client.poll_for_task(workerGroup="status")["taskObject"]
    fault(control, "SetTaskStatus", "drop")
    with pytest.raises(BotoCoreError):
        client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
    described = client.describe_objects(pipelineId=pipeline, objectIds=[task["attemptId"]])
    fields = described["pipelineObjects"][0]["fields"]
    assert {"key": "@status", "stringValue": "FINISHED"} in fields


def test_a_duplicated_answer_gives_one_task_twice(client: Any, control: FaultControl) -> None:
    start(client, "twice")
    fault(control, "PollForTask", "duplicate")
    first = client.poll_for_task(workerGroup="twice")["taskObject"]
    assert client.poll_for_task(workerGroup="twice")["taskObject"] == first


def test_an_answer_is_given_as_it_is(client: Any, control: FaultControl) -> None:
    fault(control, "PollForTask", "answer", answer={"taskObject": {"taskId": "T", "attemptId": "\ud800"}})
    assert client.poll_for_task(workerGroup="any")["taskObject"] == {"taskId": "T", "attemptId": "\ud800"}


def test_faults_are_listed_and_cleared(client: Any, control: FaultControl) -> None:
    fault(control, "SetTaskStatus", "error", count=7)
    listed = control.pending()
    assert listed == [{"operation": "SetTaskStatus", "kind": "error", "count": 7, "seconds": 0.0}]
    assert control.send("DELETE")[1]["faults"] == []


def test_the_service_is_down_for_a_time(client: Any, control: FaultControl) -> None:
    fault(control, "*", "down", seconds=0.5)
    with pytest.raises(ClientError, match="InternalServiceError"):
        client.list_pipelines()
    with pytest.raises(ClientError, match="InternalServiceError"):
        client.poll_for_task(workerGroup="down")
    deadline = time.monotonic() + 10
    while control.pending():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    client.list_pipelines()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"operation": "Nap", "kind": "error"}, "no operation 'Nap'"),
        ({"operation": "PollForTask", "kind": "sulk"}, "'kind' is one of"),
        ({"operation": "PollForTask", "kind": "error", "count": 0}, "'count' is 1 to"),
        ({"operation": "PollForTask", "kind": "error", "times": 3}, "not times"),
        ({"operation": "PollForTask", "kind": "down"}, "'kind' is one of"),
        ({"operation": "*", "kind": "error"}, "'kind' is one of down"),
        ({"operation": "Lambda:", "kind": "error"}, "no operation 'Lambda:'"),
        ({"operation": "Lambda:f", "kind": "duplicate"}, "'kind' is one of error"),
        ("error", "is a JSON object"),
    ],
)
def test_a_mistaken_fault_is_refused(control: FaultControl, body: Any, says: str) -> None:
    status, answer = control.send("POST", body)
    assert status == 400
    assert says in answer["error"]


def test_it_is_not_reached_by_accident(control: FaultControl) -> None:
    assert control.send("DELETE", header="")[0] == 403
