"""Roles, functions and state machines that tests create in a local AWS through its APIs."""

from __future__ import annotations

import json
import textwrap
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from local.account import ACCOUNT, OWNER, REGION, connection
from tests.local.environments import archive

PLACE = f"{REGION}:{ACCOUNT}"

Statement = dict[str, Any]


def allow(action: str, resource: str = "*", **condition: dict[str, str]) -> Statement:
    """An Allow statement. Keyword arguments such as ``StringEquals={…}`` are conditions."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition}


@dataclass(frozen=True)
class IamAccount:
    """The account of a running local AWS."""

    endpoint_url: str

    def client(self, service: Any, keys: dict[str, str] | None = None) -> Any:
        """A client with the keys of ``session``, or with keys that may do everything."""
        new: Any = boto3.client
        return new(
            service,
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
            **connection(self.endpoint_url, keys or OWNER),
        )

    def role(
        self,
        *statements: Statement,
        service: str | None = None,
        name: str | None = None,
        trust: Statement | None = None,
    ) -> str:
        """Create a role for a service, or for the account's own keys. Returns its ARN."""
        principal = {"Service": service} if service else {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        trusting = trust or {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        name = name or f"role-{uuid.uuid4().hex[:8]}"
        iam = self.client("iam")
        document = json.dumps({"Version": "2012-10-17", "Statement": [trusting]})
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        self.let(arn, *statements)
        return arn

    def let(self, role: str, *statements: Statement) -> None:
        """Replace a role's permissions by these statements."""
        iam, name = self.client("iam"), role.rpartition("/")[2]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        elif iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName="own")

    def session(self, *statements: Statement, name: str = "session") -> dict[str, str]:
        """The keys of a new role with these statements."""
        made = self.client("sts").assume_role(RoleArn=self.role(*statements), RoleSessionName=name)
        keys = made["Credentials"]
        return {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }

    def function(self, code: str, role: str, *, runtime: str = "python3.13", module: str = "code.py") -> str:
        """Create a function whose module has this text and a ``handler``. Returns its ARN."""
        created = self.client("lambda").create_function(
            FunctionName=f"function-{uuid.uuid4().hex[:8]}",
            Runtime=runtime,
            Handler="code.handler",
            Role=role,
            Code={"ZipFile": archive({module: textwrap.dedent(code)})},
            Timeout=20,
        )
        return str(created["FunctionArn"])

    def state_machine(self, state: dict[str, Any], role: str, **settings: Any) -> str:
        """Create a state machine with one state. Returns its ARN."""
        definition = {"StartAt": "Only", "States": {"Only": {"End": True, **state}}}
        created = self.client("stepfunctions").create_state_machine(
            name=f"machine-{uuid.uuid4().hex[:8]}",
            definition=json.dumps(definition),
            roleArn=role,
            **settings,
        )
        return str(created["stateMachineArn"])

    def queue(self, *statements: Statement) -> tuple[str, str]:
        """Create a queue with a policy of these statements. Returns its URL and ARN."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        if statements:
            policy = policy_of(statements, arn)
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return url, arn

    def received(self, queue_url: str) -> list[dict[str, Any]]:
        """The messages in a queue. They stay there."""
        answer = self.client("sqs").receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found


def policy_of(statements: Sequence[Statement], resource: str) -> str:
    """A resource's policy."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{**statement, "Resource": resource} for statement in statements],
        }
    )


def by_service(service: str, action: str, **source: str) -> Statement:
    """A resource policy's statement for a service. ``SourceArn=…`` and the like are its condition."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Condition": {"ArnLike": {f"aws:{key}": value for key, value in source.items()}} if source else {},
    }
