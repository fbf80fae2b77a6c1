"""A team's own pipelines, from their CDK app to a finished task."""

from __future__ import annotations

import json
import uuid
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_datapipeline as datapipeline
from aws_cdk.assertions import Template

from tests.system.deployments import WORKER_GROUP, Deployment, eventually
from tests.system.pipelines import Pipeline

_DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}
_FAILED = {"ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_FAILED"}


def template(*, name: str = "words", command: str = "echo #{myWord}", word: str = "hello") -> dict[str, Any]:
    """What `cdk synth` makes of a CfnPipeline."""

    def fields(references: dict[str, str] | None = None, **strings: str) -> list[Any]:
        given: list[Any] = [
            datapipeline.CfnPipeline.FieldProperty(key=key, string_value=value)
            for key, value in strings.items()
        ]
        return given + [
            datapipeline.CfnPipeline.FieldProperty(key=key, ref_value=value)
            for key, value in (references or {}).items()
        ]

    def one(object_id: str, *, references: dict[str, str] | None = None, **strings: str) -> Any:
        return datapipeline.CfnPipeline.PipelineObjectProperty(
            id=object_id, name=object_id, fields=fields(references, **strings)
        )

    stack = cdk.Stack(cdk.App(), "Words")
    pipeline = datapipeline.CfnPipeline(
        stack,
        "Pipeline",
        name=name,
        description="Says words",
        pipeline_objects=[
            one("Default", scheduleType="ondemand", workerGroup=WORKER_GROUP, maximumRetries="0"),
            one("Say", type="ShellCommandActivity", command=command),
            one("Again", type="ShellCommandActivity", command="true", references={"dependsOn": "Say"}),
        ],
        parameter_objects=[
            datapipeline.CfnPipeline.ParameterObjectProperty(
                id="myWord",
                attributes=[
                    datapipeline.CfnPipeline.ParameterAttributeProperty(key="type", string_value="String")
                ],
            )
        ],
        parameter_values=[datapipeline.CfnPipeline.ParameterValueProperty(id="myWord", string_value=word)],
        pipeline_tags=[datapipeline.CfnPipeline.PipelineTagProperty(key="team", value="sales")],
    )
    cdk.CfnOutput(stack, "Id", value=pipeline.ref)
    cdk.CfnOutput(stack, "Attribute", value=pipeline.attr_pipeline_id)
    made = Template.from_stack(stack).to_json()
    # The bootstrap version that the CLI requires is not the stack's business.
    return {key: value for key, value in made.items() if key not in {"Parameters", "Rules"}}


class _Stack:
    def __init__(self, deployment: Deployment) -> None:
        self.client = deployment.cloudformation
        self.name = f"words-{uuid.uuid4().hex[:8]}"

    def create(self, body: dict[str, Any]) -> str:
        self.client.create_stack(StackName=self.name, TemplateBody=json.dumps(body))
        return self.settled()

    def update(self, body: dict[str, Any]) -> str:
        self.client.update_stack(StackName=self.name, TemplateBody=json.dumps(body))
        return self.settled()

    def delete(self) -> None:
        self.client.delete_stack(StackName=self.name)

    def settled(self) -> str:
        def status() -> str | None:
            found: str = self.client.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"]
            return found if found in _DONE | _FAILED else None

        return eventually(status, "the stack is not done")

    @property
    def outputs(self) -> dict[str, str]:
        outputs = self.client.describe_stacks(StackName=self.name)["Stacks"][0]["Outputs"]
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    @property
    def reasons(self) -> str:
        events = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)


@pytest.fixture
def stack(deployment: Deployment) -> _Stack:
    return _Stack(deployment)


def ids(deployment: Deployment) -> list[str]:
    return [pipeline["id"] for pipeline in deployment.datapipeline.list_pipelines()["pipelineIdList"]]


def words(deployment: Deployment, pipeline: str) -> list[str]:
    found = deployment.datapipeline.get_pipeline_definition(pipelineId=pipeline)["parameterValues"]
    return [value["stringValue"] for value in found]


def test_a_pipeline_of_a_cdk_app_runs_changes_and_goes(deployment: Deployment, stack: _Stack) -> None:
    assert stack.create(template()) == "CREATE_COMPLETE", stack.reasons
    pipeline = stack.outputs["Id"]
    assert stack.outputs == {"Id": pipeline, "Attribute": pipeline}
    run = Pipeline(deployment, pipeline)
    run.ended("Again", "FINISHED")
    described = deployment.datapipeline.describe_pipelines(pipelineIds=[pipeline])
    assert described["pipelineDescriptionList"][0]["tags"] == [{"key": "team", "value": "sales"}]

    assert stack.update(template(word="bye")) == "UPDATE_COMPLETE", stack.reasons
    assert stack.outputs["Id"] == pipeline
    assert words(deployment, pipeline) == ["bye"]

    assert stack.update(template(word="bye", command="echo #{day(")) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Pipeline Definition failed to validate" in stack.reasons
    assert words(deployment, pipeline) == ["bye"]

    assert stack.update(template(name="others")) == "UPDATE_COMPLETE", stack.reasons
    other = stack.outputs["Id"]
    assert other != pipeline
    assert pipeline not in ids(deployment)
    Pipeline(deployment, other).ended("Again", "FINISHED")

    stack.delete()
    eventually(lambda: other not in ids(deployment) or None, "the pipeline is still there")


def test_a_pipeline_that_is_refused_leaves_nothing(deployment: Deployment, stack: _Stack) -> None:
    before = ids(deployment)
    assert stack.create(template(command="")) == "ROLLBACK_COMPLETE"
    assert "[Say: 'command' is empty]" in stack.reasons
    assert ids(deployment) == before
    stack.delete()


def test_a_pipeline_of_a_nested_stack(deployment: Deployment, stack: _Stack) -> None:
    """ministack creates it on another thread."""
    bucket = stack.name
    deployment.s3.create_bucket(Bucket=bucket)
    deployment.s3.put_object(Bucket=bucket, Key="t.json", Body=json.dumps(template()).encode())
    nested = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": f"https://s3.us-east-1.amazonaws.com/{bucket}/t.json"},
    }
    output = {"Value": {"Fn::GetAtt": ["Nested", "Outputs.Id"]}}
    assert stack.create({"Resources": {"Nested": nested}, "Outputs": {"Id": output}}) == "CREATE_COMPLETE", (
        stack.reasons
    )
    Pipeline(deployment, stack.outputs["Id"]).ended("Say", "FINISHED")
    stack.delete()
