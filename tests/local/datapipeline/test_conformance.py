"""Every operation through botocore over HTTP. Each answer must match the shapes of botocore's model."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from local.account import connection
from local.datapipeline.wire import operations
from tests.local.commands import running
from tests.local.datapipeline.account import ON_DEMAND, pipeline_object, shell

MODEL = botocore.session.get_session().get_service_model("datapipeline")


@pytest.fixture(scope="module")
def endpoint_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory: Path = tmp_path_factory.mktemp("no-app")
    with running("up", "--no-deploy", "--port", "0", directory=directory) as command:
        yield command.ready()


@pytest.fixture(scope="module")
def client(endpoint_url: str) -> Any:
    return boto3.client(
        "datapipeline",
        **connection(endpoint_url),
        config=Config(retries={"total_max_attempts": 1}, read_timeout=2),
    )


def raw(endpoint_url: str, operation: str, request: Mapping[str, Any]) -> tuple[int, Any]:
    """Status and body as sent on the wire."""
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20240101/us-east-1/datapipeline/aws4_request, "
        "SignedHeaders=host, Signature=0",
        "X-Amz-Target": f"DataPipeline.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    sent = urllib.request.Request(endpoint_url, json.dumps(request).encode(), headers)
    try:
        with urllib.request.urlopen(sent, timeout=5) as answer:
            assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
            assert answer.headers["x-amzn-RequestId"]
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def conforms(shape: Any, value: Any, path: str = "") -> None:
    """The model knows every member and its type, and no required member is missing."""
    if shape is None:
        assert value == {}, path
    elif shape.type_name == "structure":
        assert isinstance(value, dict), path
        assert set(value) <= set(shape.members), path
        assert set(shape.required_members) <= set(value), path
        for name, member in value.items():
            conforms(shape.members[name], member, f"{path}.{name}")
    elif shape.type_name == "list":
        assert isinstance(value, list), path
        for item in value:
            conforms(shape.member, item, f"{path}[]")
    elif shape.type_name == "map":
        assert isinstance(value, dict), path
        for item in value.values():
            conforms(shape.value, item, f"{path}{{}}")
    else:
        kind = {"string": str, "boolean": bool, "integer": int}[shape.type_name]
        assert isinstance(value, kind), path


def test_every_operation_answers_by_the_model(endpoint_url: str) -> None:
    called = set()

    def call(operation: str, **request: Any) -> Any:
        status, answer = raw(endpoint_url, operation, request)
        assert status == 200, (operation, answer)
        conforms(MODEL.operation_model(operation).output_shape, answer, operation)
        called.add(operation)
        return answer

    pipeline = call("CreatePipeline", name="n", uniqueId="u", tags=[{"key": "k", "value": "v"}])["pipelineId"]
    of = {"pipelineId": pipeline}
    objects = [ON_DEMAND, shell("A"), shell("B", myOdd="1", odd="2")]
    call("ValidatePipelineDefinition", **of, pipelineObjects=[*objects, shell("C", stdout="")])
    call("PutPipelineDefinition", **of, pipelineObjects=objects)
    call("AddTags", **of, tags=[{"key": "a", "value": "b"}])
    call("RemoveTags", **of, tagKeys=["k"])
    call("ListPipelines")
    call("GetPipelineDefinition", **of)
    call("ActivatePipeline", **of)
    call("DescribePipelines", pipelineIds=[pipeline])
    call("ReportTaskRunnerHeartbeat", taskrunnerId="r", workerGroup="etl", hostname="h")
    task = call("PollForTask", workerGroup="etl", hostname="h")["taskObject"]
    call("ReportTaskProgress", taskId=task["taskId"], fields=[{"key": "percent", "stringValue": "5"}])
    ids = call("QueryObjects", **of, sphere="ATTEMPT")["ids"]
    call("DescribeObjects", **of, objectIds=ids, evaluateExpressions=True)
    call("EvaluateExpression", **of, objectId=ids[0], expression="#{type}")
    call("SetTaskStatus", taskId=task["taskId"], taskStatus="FAILED", errorId="E", errorMessage="m")
    instances = call("QueryObjects", **of, sphere="INSTANCE")["ids"]
    call("SetStatus", **of, objectIds=instances, status="TRY_CANCEL")
    call("DeactivatePipeline", **of)
    call("DeletePipeline", **of)
    assert called == set(operations())


@pytest.mark.parametrize("operation", sorted(set(operations()) - {"ListPipelines"}))
def test_a_missing_member_is_an_invalid_request(endpoint_url: str, operation: str) -> None:
    status, error = raw(endpoint_url, operation, {})
    assert status == 400
    assert error["__type"] == "InvalidRequestException"
    assert "Member must not be null" in error["message"]


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("describe_objects", {"pipelineId": "df-none", "objectIds": ["a"]}, "PipelineNotFoundException"),
        ("report_task_progress", {"taskId": "none"}, "TaskNotFoundException"),
        ("set_task_status", {"taskId": "none", "taskStatus": "FINISHED"}, "TaskNotFoundException"),
        ("set_task_status", {"taskId": "none", "taskStatus": "DONE"}, "InvalidRequestException"),
        ("poll_for_task", {"workerGroup": "g" * 1025}, "InvalidRequestException"),
        ("poll_for_task", {"workerGroup": ""}, "InvalidRequestException"),
        ("create_pipeline", {"name": "a\x00b", "uniqueId": "u"}, "InvalidRequestException"),
        ("query_objects", {"pipelineId": "df-none", "sphere": "MOON"}, "PipelineNotFoundException"),
    ],
)
def test_errors_are_the_models(client: Any, operation: str, request_: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**request_)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    ("operation", "body", "says"),
    [
        ("Nonsense", {}, "no operation 'Nonsense'"),
        ("PollForTask", [], "not a JSON object"),
        ("PollForTask", {"workerGroup": 7}, "'workerGroup' is not a string"),
        ("ActivatePipeline", {"pipelineId": "PIPELINE", "startTimestamp": 1e40}, "is not a time"),
        (
            "QueryObjects",
            {
                "pipelineId": "PIPELINE",
                "sphere": "INSTANCE",
                "query": {"selectors": [{"fieldName": "@actualStartTime", "operator": {"values": ["x"]}}]},
            },
            "operator's type is one of",
        ),
        ("QueryObjects", {"pipelineId": "PIPELINE", "sphere": "INSTANCE", "marker": "x"}, "marker"),
        (
            "EvaluateExpression",
            {"pipelineId": "PIPELINE", "objectId": "A", "expression": "#{" + "-" * 5000 + "1}"},
            "nested too deeply",
        ),
    ],
)
def test_an_odd_request_has_an_error_that_says_so(
    client: Any, endpoint_url: str, operation: str, body: Any, says: str
) -> None:
    pipeline = client.create_pipeline(name="odd", uniqueId="odd")["pipelineId"]
    client.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=[ON_DEMAND, shell("A")])
    if isinstance(body, dict) and body.get("pipelineId"):
        body = body | {"pipelineId": pipeline}
    status, error = raw(endpoint_url, operation, body)
    assert status == 400, error
    assert says in error["message"]


def test_queries_pages_and_limits(client: Any) -> None:
    pipeline = client.create_pipeline(name="many", uniqueId="many")["pipelineId"]
    objects = [ON_DEMAND, *(shell(f"A{number:02}") for number in range(30))]
    assert not client.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=objects)["errored"]
    client.activate_pipeline(pipelineId=pipeline)
    pages = client.get_paginator("query_objects").paginate(pipelineId=pipeline, sphere="INSTANCE", limit=7)
    ids = [id_ for page in pages for id_ in page["ids"]]
    assert len(ids) == len(set(ids)) == 30
    with pytest.raises(ClientError, match="At most 25"):
        client.describe_objects(pipelineId=pipeline, objectIds=ids)

    def query(name: str, kind: str, *values: str) -> int:
        selector = {"fieldName": name, "operator": {"type": kind, "values": list(values)}}
        found = client.query_objects(pipelineId=pipeline, sphere="INSTANCE", query={"selectors": [selector]})
        return len(found["ids"])

    assert query("@status", "EQ", "WAITING_FOR_RUNNER", "FAILED") == 30
    assert query("@componentParent", "REF_EQ", "A07") == 1
    assert query("@scheduledStartTime", "GE", "2020-01-01T00:00:00") == 30
    assert query("@scheduledStartTime", "BETWEEN", "2020-01-01T00:00:00", "2020-02-01T00:00:00") == 0
    with pytest.raises(ClientError, match="cannot be queried by GE"):
        query("name", "GE", "A")
    for kind in ("GE", "LE"):
        with pytest.raises(ClientError, match="is not a DateTime"):
            query("@scheduledStartTime", kind, "yesterday")
    scheduled = ids[0].rpartition("_")[2]
    for kind, values in (("GE", [scheduled]), ("LE", [scheduled]), ("BETWEEN", [scheduled, scheduled])):
        assert query("@scheduledStartTime", kind, *values) == 30
    assert query("@scheduledStartTime", "LE", "2020-01-01T00:00:00") == 0


def test_a_poll_that_its_client_gives_up_takes_the_next_task_with_it(client: Any) -> None:
    with pytest.raises(ReadTimeoutError):
        client.poll_for_task(workerGroup="dead")
    pipeline = client.create_pipeline(name="dead", uniqueId="dead")["pipelineId"]
    default = pipeline_object("Default", scheduleType="ondemand", workerGroup="dead")
    client.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=[default, shell("A")])
    client.activate_pipeline(pipelineId=pipeline)
    with pytest.raises(ReadTimeoutError):
        client.poll_for_task(workerGroup="dead")
