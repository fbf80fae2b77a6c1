"""Breaks a deployment for a while, the way an operator or an accident would."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from tests.system.deployments import Deployment
from tests.system.granted import role_name


@contextlib.contextmanager
def schedule(deployment: Deployment, name: str, **changes: Any) -> Iterator[None]:
    """Change members of a schedule, such as ``State="DISABLED"``."""
    client = deployment.scheduler
    found = client.get_schedule(Name=name)
    members: Any = {
        key: found[key] for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target", "State")
    }
    client.update_schedule(**members | changes)
    try:
        yield
    finally:
        client.update_schedule(**members)


@contextlib.contextmanager
def permission_revoked(deployment: Deployment, role: str, action: str) -> Iterator[None]:
    """Take the statements with this action from a role, given the start of its logical id."""
    iam, name = deployment.iam, role_name(deployment, role)
    found: dict[str, Any] = {
        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    }

    def put(policy: str, document: Any) -> None:
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))

    for policy, document in found.items():
        left = [statement for statement in document["Statement"] if action not in statement["Action"]]
        assert left != document["Statement"], f"{role} has no {action}"
        put(policy, {**document, "Statement": left})
    try:
        yield
    finally:
        for policy, document in found.items():
            put(policy, document)


@contextlib.contextmanager
def handler_gone(deployment: Deployment, function: str) -> Iterator[None]:
    """Deploy a function's package without its module."""
    client = deployment.lambda_
    handler = client.get_function_configuration(FunctionName=function)["Handler"]
    client.update_function_configuration(FunctionName=function, Handler="gone.handler")
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=function, Handler=handler)
