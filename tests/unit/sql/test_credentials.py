from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from runner import clients
from runner.fields import FieldError
from runner.handler import open_task
from runner.outcome import TaskFailed
from runner.task import Task
from runner.testing import FieldValue, task_event
from sql.credentials import Credentials, credentials_of
from tests.unit.sql.objects import database

ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:etl-AbCdEf"


@pytest.fixture
def task() -> Task:
    return open_task(task_event({}), seconds_left=lambda: 60.0)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    """AWS Secrets Manager in eu-west-1. Its answers are checked against the service model."""
    client = boto3.client("secretsmanager", region_name="eu-west-1")
    monkeypatch.setattr(clients, "secrets_manager", {"eu-west-1": client}.__getitem__)
    stub = Stubber(client)
    stub.activate()
    return stub


def answer(stub: Stubber, **members: Any) -> None:
    stub.add_response("get_secret_value", {"ARN": ARN, "Name": "etl", **members}, {"SecretId": ARN})


def read(task: Task, **fields: FieldValue) -> Credentials:
    return credentials_of(task, database({"username": "etl", "*password": "unused", **fields}))


def test_the_fields(task: Task) -> None:
    assert read(task) == Credentials("etl", "unused")
    assert "unused" not in repr(read(task))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain;'text", Credentials("etl", "plain;'text")),
        ("12345", Credentials("etl", "12345")),
        ("9" * 5000, Credentials("etl", "9" * 5000)),
        ("[" * 60_000, Credentials("etl", "[" * 60_000)),
        ('{"password": "p", "engine": "postgres", "port": 5432}', Credentials("etl", "p")),
        ('{"username": "admin", "password": "p"}', Credentials("admin", "p")),
    ],
)
def test_a_secret(task: Task, secrets: Stubber, text: str, expected: Credentials) -> None:
    answer(secrets, SecretString=text)
    assert read(task, myPasswordSecretArn=ARN) == expected
    assert expected.password in task.secrets


@pytest.mark.parametrize(
    "members",
    [{"SecretBinary": b"canary"}]
    + [{"SecretString": text} for text in ('{"pass": "canary"}', '{"password": 17}', '{"password": ""}')],
)
def test_a_secret_of_another_form(task: Task, secrets: Stubber, members: dict[str, Any]) -> None:
    answer(secrets, **members)
    with pytest.raises(TaskFailed, match="neither a password") as caught:
        read(task, myPasswordSecretArn=ARN)
    assert caught.value.error_id == "InvalidSecret"
    assert "canary" not in str(caught.value)


def test_a_secret_that_cannot_be_read(task: Task, secrets: Stubber) -> None:
    secrets.add_client_error("get_secret_value", "AccessDeniedException", "no")
    with pytest.raises(TaskFailed, match=r"AccessDenied.*`secrets` of sql") as caught:
        read(task, myPasswordSecretArn=ARN)
    assert caught.value.error_id == "SecretNotRead"


@pytest.mark.parametrize("arn", ["", "etl", "arn:aws:s3:::bucket", "arn:aws:ssm:eu-west-1:1:parameter:x"])
def test_what_is_no_arn_of_a_secret(task: Task, arn: str) -> None:
    with pytest.raises(FieldError, match="myPasswordSecretArn"):
        read(task, myPasswordSecretArn=arn)
