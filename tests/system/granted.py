"""Grants handlers and their commands on a running stack what app.py would grant them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from functools import cache
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from local.account import ACCOUNT
from tests.infra.policies import text
from tests.system.deployments import STACK, Deployment

SHELL = "HandlerShellCommandActivityCommand"
SHELL_PRECONDITION = "HandlerShellCommandPreconditionCommand"
EXISTS = "HandlerExistsFunctionRole"
COPY = "HandlerCopyActivityFunctionRole"
SQL = "HandlerSqlActivityFunctionRole"


def grant(deployment: Deployment, role: str, statements: Sequence[iam.PolicyStatement]) -> None:
    """Add these statements to a role, given the start of its logical id."""
    document = {"Version": "2012-10-17", "Statement": [_resolved(statement) for statement in statements]}
    deployment.iam.put_role_policy(
        RoleName=role_name(deployment, role),
        PolicyName=f"Granted{uuid.uuid4().hex[:8]}",
        PolicyDocument=json.dumps(document),
    )


def role_name(deployment: Deployment, role: str) -> str:
    """The name of the stack's role whose logical id starts like this."""
    pages = deployment.iam.get_paginator("list_roles").paginate()
    names = [role["RoleName"] for page in pages for role in page["Roles"]]
    # The same handler may run in a container.
    either = (f"{STACK}-{role}", f"{STACK}-{role.replace('FunctionRole', 'ContainerTaskRole')}")
    (name,) = [role_name for role_name in names if role_name.startswith(either)]
    return name


@cache
def _stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Granted")


def _resolved(statement: iam.PolicyStatement) -> dict[str, Any]:
    """A statement as CloudFormation would resolve it for this account."""
    found: dict[str, Any] = _stack().resolve(statement.to_json())
    given = found["Resource"]
    resources = [text(value) for value in (given if isinstance(given, list) else [given])]
    places = {"<AWS::Partition>": "aws", "<AWS::AccountId>": ACCOUNT}
    for token, value in places.items():
        resources = [resource.replace(token, value) for resource in resources]
    return {**found, "Resource": resources}
