"""What the service does on other services: alarms on SNS, preconditions on S3 and DynamoDB."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from local.account import connection
from tests.local.commands import running
from tests.local.datapipeline.account import pipeline_object, shell, values
from tests.local.iam_account import by_service, policy_of

Client = Callable[[Any], Any]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    arguments = ["up", "--no-deploy", "--port", "0", "--time-scale", "120"]
    with running(*arguments, directory=tmp_path_factory.mktemp("no-app")) as command:
        url = command.ready()

        def make(service: Any) -> Any:
            return boto3.client(service, **connection(url))

        yield make


def start(client: Client, group: str, *objects: dict[str, Any]) -> str:
    service = client("datapipeline")
    pipeline: str = service.create_pipeline(name=group, uniqueId=group)["pipelineId"]
    default = pipeline_object("Default", scheduleType="ondemand", workerGroup=group)
    put = service.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=[default, *objects])
    assert not put["errored"], put
    service.activate_pipeline(pipelineId=pipeline)
    return pipeline


def status(client: Client, pipeline: str, component: str) -> str:
    service = client("datapipeline")
    ids = service.query_objects(pipelineId=pipeline, sphere="INSTANCE")["ids"]
    found = service.describe_objects(pipelineId=pipeline, objectIds=ids)["pipelineObjects"]
    return next(
        values(instance, "@status")[0]
        for instance in found
        if values(instance, "@componentParent") == [component]
    )


def test_an_alarm_reaches_its_topics_subscribers(client: Client) -> None:
    topic = client("sns").create_topic(Name="alarms")["TopicArn"]
    queue = client("sqs").create_queue(QueueName="alarms")["QueueUrl"]
    attributes = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    arn = attributes["Attributes"]["QueueArn"]
    policy = policy_of([by_service("sns.amazonaws.com", "sqs:SendMessage", SourceArn=topic)], arn)
    client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    alarm = pipeline_object(
        "Alarm",
        type="SnsAlarm",
        topicArn=topic,
        subject="#{node.myWhat}",
        message="#{node.@status}: #{node.errorMessage}",
        role="r",
    )
    start(client, "sns", shell("A", maximumRetries="0", onFail=("Alarm",), myWhat="Nightly load"), alarm)
    task = client("datapipeline").poll_for_task(workerGroup="sns")["taskObject"]
    client("datapipeline").set_task_status(
        taskId=task["taskId"], taskStatus="FAILED", errorId="E", errorMessage="disk full"
    )
    (message,) = client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    body = json.loads(message["Body"])
    assert (body["Subject"], body["Message"]) == ("Nightly load", "FAILED: disk full")


def test_preconditions_are_evaluated_on_s3_and_dynamodb(client: Client) -> None:
    """Each is met once what it looks for exists, and not before. The clock is 120 times as fast."""
    asked = {
        "Key": {"type": "S3KeyExists", "s3Key": "s3://lake/in/ready.csv"},
        "Prefix": {"type": "S3PrefixNotEmpty", "s3Prefix": "s3://lake/in/"},
        "Table": {"type": "DynamoDBTableExists", "tableName": "orders"},
        "Data": {"type": "DynamoDBDataExists", "tableName": "orders"},
    }
    objects = []
    for name, fields in asked.items():
        objects.append(shell(f"After{name}", precondition=(name,)))
        objects.append(pipeline_object(name, role="r", retryDelay="2 minutes", **fields))
    pipeline = start(client, "preconditions", *objects)
    time.sleep(1.5)
    assert {status(client, pipeline, name) for name in asked} == {"RUNNING"}

    client("s3").create_bucket(Bucket="lake")
    client("s3").put_object(Bucket="lake", Key="in/ready.csv", Body=b"1")
    client("dynamodb").create_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client("dynamodb").put_item(TableName="orders", Item={"id": {"S": "1"}})

    deadline = time.monotonic() + 20
    while (seen := {name: status(client, pipeline, name) for name in asked}) != dict.fromkeys(
        asked, "FINISHED"
    ):
        assert time.monotonic() < deadline, seen
        time.sleep(0.5)
    assert {status(client, pipeline, f"After{name}") for name in asked} == {"WAITING_FOR_RUNNER"}
