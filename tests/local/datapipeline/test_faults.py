"""Faults on demand, set by the control endpoint and met by botocore."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.account import connection
from local.datapipeline.control import PATH
from tests.local.commands import running
from tests.local.datapipeline.account import pipeline_object, shell


@pytest.fixture(scope="module")
def endpoint_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory: Path = tmp_path_factory.mktemp("no-app")
    with running(
        "up", "--no-deploy", "--port", "0", "--setting", "acknowledge_within=2 seconds", directory=directory
    ) as command:
        yield command.ready()


@pytest.fixture
def client(endpoint_url: str) -> Iterator[Any]:
    control(endpoint_url, "DELETE")
    yield boto3.client(
        "datapipeline",
        **connection(endpoint_url),
        config=Config(retries={"total_max_attempts": 1}, read_timeout=10),
    )
    control(endpoint_url, "DELETE")


def control(endpoint_url: str, method: str, body: Any = None, header: str = "faults") -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(endpoint_url + PATH, data, {"X-Local-Control": header}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def fault(endpoint_url: str, operation: str, kind: str, **more: Any) -> None:
    status, answer = control(endpoint_url, "POST", {"operation": operation, "kind": kind, **more})
    assert status == 200, answer


def start(client: Any, group: str) -> str:
    pipeline: str = client.create_pipeline(name=group, uniqueId=group)["pipelineId"]
    default = pipeline_object("Default", scheduleType="ondemand", workerGroup=group)
    client.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=[default, shell("A")])
    client.activate_pipeline(pipelineId=pipeline)
    return pipeline


def test_errors_and_throttles_come_as_often_as_asked_for(client: Any, endpoint_url: str) -> None:
    fault(endpoint_url, "ListPipelines", "error", count=2)
    fault(endpoint_url, "ListPipelines", "throttle")
    fault(endpoint_url, "ListPipelines", "deny")
    codes = []
    for _ in range(4):
        with pytest.raises(ClientError) as caught:
            client.list_pipelines()
        codes.append(caught.value.response["Error"]["Code"])
    refusals = ["ThrottlingException", "AccessDeniedException"]
    assert codes == ["InternalServiceError", "InternalServiceError", *refusals]
    client.list_pipelines()


def test_a_delayed_answer_comes_later(client: Any, endpoint_url: str) -> None:
    fault(endpoint_url, "ListPipelines", "delay", seconds=0.4)
    began = time.monotonic()
    client.list_pipelines()
    assert time.monotonic() - began >= 0.4


def test_a_dropped_poll_has_taken_the_task_which_is_offered_again(client: Any, endpoint_url: str) -> None:
    fault(endpoint_url, "PollForTask", "drop")
    start(client, "dropped")
    with pytest.raises(BotoCoreError):
        client.poll_for_task(workerGroup="dropped")
    assert client.poll_for_task(workerGroup="dropped")["taskObject"]["attemptId"].startswith("@A_")


def test_a_dropped_status_was_taken(client: Any, endpoint_url: str) -> None:
    pipeline = start(client, "status")
    task = client.poll_for_task(workerGroup="status")["taskObject"]
    fault(endpoint_url, "SetTaskStatus", "drop")
    with pytest.raises(BotoCoreError):
        client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
    described = client.describe_objects(pipelineId=pipeline, objectIds=[task["attemptId"]])
    fields = described["pipelineObjects"][0]["fields"]
    assert {"key": "@status", "stringValue": "FINISHED"} in fields


def test_a_duplicated_answer_gives_one_task_twice(client: Any, endpoint_url: str) -> None:
    start(client, "twice")
    fault(endpoint_url, "PollForTask", "duplicate")
    first = client.poll_for_task(workerGroup="twice")["taskObject"]
    assert client.poll_for_task(workerGroup="twice")["taskObject"] == first


def test_an_answer_is_given_as_it_is(client: Any, endpoint_url: str) -> None:
    fault(
        endpoint_url, "PollForTask", "answer", answer={"taskObject": {"taskId": "T", "attemptId": "\ud800"}}
    )
    assert client.poll_for_task(workerGroup="any")["taskObject"] == {"taskId": "T", "attemptId": "\ud800"}


def test_faults_are_listed_and_cleared(client: Any, endpoint_url: str) -> None:
    fault(endpoint_url, "SetTaskStatus", "error", count=7)
    listed = control(endpoint_url, "GET")[1]["faults"]
    assert listed == [{"operation": "SetTaskStatus", "kind": "error", "count": 7, "seconds": 0.0}]
    assert control(endpoint_url, "DELETE")[1]["faults"] == []


def test_the_service_is_down_for_a_time(client: Any, endpoint_url: str) -> None:
    fault(endpoint_url, "*", "down", seconds=0.5)
    with pytest.raises(ClientError, match="InternalServiceError"):
        client.list_pipelines()
    with pytest.raises(ClientError, match="InternalServiceError"):
        client.poll_for_task(workerGroup="down")
    deadline = time.monotonic() + 10
    while control(endpoint_url, "GET")[1]["faults"]:
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
def test_a_mistaken_fault_is_refused(endpoint_url: str, body: Any, says: str) -> None:
    status, answer = control(endpoint_url, "POST", body)
    assert status == 400
    assert says in answer["error"]


def test_it_is_not_reached_by_accident(endpoint_url: str) -> None:
    assert control(endpoint_url, "DELETE", header="")[0] == 403
