"""AWS::DataPipeline::Pipeline, tested on the service."""

from __future__ import annotations

from typing import Any

import pytest

from local.datapipeline.errors import InvalidRequestError
from local.datapipeline.pipeline_resource import PipelineResource, ResourceError
from tests.local.datapipeline.account import Account, values


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def resource(account: Account) -> PipelineResource:
    return PipelineResource(lambda operation, request: account(operation, **request))


def properties(command: str = "echo #{myWord}", **others: Any) -> dict[str, Any]:
    """Properties as in a template."""
    objects = [
        {
            "Id": "Default",
            "Name": "Default",
            "Fields": [
                {"Key": "scheduleType", "StringValue": "ondemand"},
                {"Key": "workerGroup", "StringValue": "etl"},
                {"Key": "maximumRetries", "StringValue": 0},
            ],
        },
        {
            "Id": "A",
            "Name": "A",
            "Fields": [
                {"Key": "type", "StringValue": "ShellCommandActivity"},
                {"Key": "command", "StringValue": command},
                {"Key": "stage", "StringValue": False},
                {"Key": "output", "RefValue": "Out"},
            ],
        },
        {
            "Id": "Out",
            "Name": "Out",
            "Fields": [
                {"Key": "type", "StringValue": "S3DataNode"},
                {"Key": "directoryPath", "StringValue": "s3://b/out"},
            ],
        },
    ]
    return {
        "Name": "words",
        "PipelineObjects": objects,
        "ParameterObjects": [
            {"Id": "myWord", "Attributes": [{"Key": "type", "StringValue": "String"}]},
        ],
        "ParameterValues": [{"Id": "myWord", "StringValue": "hello"}],
        **others,
    }


def described(account: Account, pipeline: str) -> dict[str, Any]:
    found: dict[str, Any] = account("DescribePipelines", pipelineIds=[pipeline])["pipelineDescriptionList"][0]
    return found


def pipelines(account: Account) -> list[str]:
    return [pipeline["id"] for pipeline in account("ListPipelines")["pipelineIdList"]]


def command_of(task: dict[str, Any]) -> list[str]:
    return values(task["objects"][task["attemptId"]], "command")


def test_a_pipeline_is_created_and_runs(account: Account, resource: PipelineResource) -> None:
    tags = [{"Key": "team", "Value": "sales"}]
    pipeline, attributes = resource.create(
        "Words", properties(Description="Says words", PipelineTags=tags), "stack"
    )
    assert attributes == {"PipelineId": pipeline}
    found = described(account, pipeline)
    assert (found["name"], found["description"]) == ("words", "Says words")
    assert found["tags"] == [{"key": "team", "value": "sales"}]
    task = account.take()
    assert command_of(task) == ["echo hello"]
    assert values(task["objects"][task["attemptId"]], "stage") == ["false"]


def test_two_of_one_name_are_two_pipelines(account: Account, resource: PipelineResource) -> None:
    ids = {resource.create(name, properties(), "stack")[0] for name in ("One", "Two")}
    assert sorted(ids) == sorted(pipelines(account))
    assert len(ids) == 2


@pytest.mark.parametrize("activate", [False, "false"])
def test_it_need_not_be_activated(account: Account, resource: PipelineResource, activate: object) -> None:
    pipeline, _ = resource.create("Words", properties(Activate=activate), "stack")
    assert account.state(pipeline) == "PENDING"
    resource.update(pipeline, properties(Activate=activate), properties(Activate="true"), "stack")
    assert command_of(account.take()) == ["echo hello"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"Name": ""}, "Property Name cannot be empty"),
        ({"Names": "x"}, "unsupported property Names"),
        ({"PipelineObjects": {}}, "PipelineObjects must be of type List"),
        ({"Activate": "perhaps"}, "Activate must be of type Boolean"),
        ({"ParameterValues": []}, r"following Errors: \[myWord: Value is missing for this parameter\]"),
        ({"PipelineObjects": []}, "has no definition that could be activated"),
        (
            {"PipelineObjects": properties()["PipelineObjects"][:2]},
            r"\[A: 'output' refers to 'Out', which does not exist\]",
        ),
        ({"PipelineTags": [{"Key": "", "Value": "x"}]}, "InvalidRequestException"),
    ],
)
def test_what_cannot_be_created_leaves_no_pipeline(
    account: Account, resource: PipelineResource, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(ResourceError, match=message):
        resource.create("Words", properties(**wrong), "stack")
    assert pipelines(account) == []


def test_a_change_of_the_definition_runs(account: Account, resource: PipelineResource) -> None:
    pipeline, _ = resource.create("Words", properties(), "stack")
    account.end(account.take())
    new = properties(ParameterValues=[{"Id": "myWord", "StringValue": "bye"}])
    assert resource.update(pipeline, properties(), new, "stack") == (pipeline, {"PipelineId": pipeline})
    assert command_of(account.take()) == ["echo bye"]


def test_a_change_of_tags_alone_runs_nothing(account: Account, resource: PipelineResource) -> None:
    old = properties(PipelineTags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    pipeline, _ = resource.create("Words", old, "stack")
    account.end(account.take())
    new = properties(PipelineTags=[{"Key": "b", "Value": "3"}, {"Key": "c", "Value": "4"}])
    resource.update(pipeline, old, new, "stack")
    assert described(account, pipeline)["tags"] == [{"key": "b", "value": "3"}, {"key": "c", "value": "4"}]
    assert account.poll() is None
    resource.update(pipeline, new, properties(), "stack")
    assert described(account, pipeline).get("tags", []) == []


def test_activate_false_stops_it(account: Account, resource: PipelineResource) -> None:
    pipeline, _ = resource.create("Words", properties(), "stack")
    task = account.take()
    resource.update(pipeline, properties(), properties(Activate=False), "stack")
    assert account.progress(task) is True
    assert account.state(pipeline) in {"DEACTIVATING", "INACTIVE"}


def test_what_cannot_be_updated_stays_as_it_was(account: Account, resource: PipelineResource) -> None:
    pipeline, _ = resource.create("Words", properties(), "stack")
    before = account("GetPipelineDefinition", pipelineId=pipeline)
    with pytest.raises(ResourceError, match="is not closed"):
        resource.update(pipeline, properties(), properties("echo #{day("), "stack")
    assert account("GetPipelineDefinition", pipelineId=pipeline) == before


def test_what_cannot_be_activated_keeps_the_old_definition() -> None:
    """A fault refuses the activation. The definition that was put before it is taken back."""
    account = Account()
    refused: list[str] = []

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation in refused:
            raise InvalidRequestError("refused")
        return account(operation, **request)

    resource = PipelineResource(call)
    pipeline, _ = resource.create("Words", properties(), "stack")
    before = account("GetPipelineDefinition", pipelineId=pipeline)
    refused.append("ActivatePipeline")
    with pytest.raises(ResourceError, match=r"refused \(Service: DataPipeline, Error Code: InvalidRequestE"):
        resource.update(pipeline, properties(), properties("echo other"), "stack")
    assert account("GetPipelineDefinition", pipelineId=pipeline) == before


def test_it_is_deleted_once(account: Account, resource: PipelineResource) -> None:
    pipeline, _ = resource.create("Words", properties(), "stack")
    resource.delete(pipeline, properties())
    assert pipelines(account) == []
    resource.delete(pipeline, properties())
    resource.delete("df-0000000000000000000", properties())
