"""IAM on the operations on tasks: resources and condition keys of the service authorization reference."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.ecs.account import EcsAccount
from tests.local.iam_account import PLACE, Statement, allow

CLUSTER = f"arn:aws:ecs:{PLACE}:cluster/cluster"
IN_CLUSTER = {"ArnEquals": {"ecs:cluster": CLUSTER}}
TASKS = f"arn:aws:ecs:{PLACE}:task/cluster/*"
PASSED = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def denial(aws: EcsAccount, operation: str, request: dict[str, Any], *statements: Statement) -> str | None:
    """The message with which a session with these statements is denied; None if it is not."""
    call = getattr(aws.client("ecs", aws.session(*statements)), operation)
    try:
        call(**request)
    except ClientError:
        with pytest.raises(ClientError) as caught:
            call(**request)
        told: Any = caught.value.response
        assert told["Error"]["Code"] == "AccessDeniedException", told
        assert told["ResponseMetadata"]["HTTPStatusCode"] == 400
        return str(told["Error"]["Message"])
    return None


def test_running_a_task_needs_its_definition_and_its_roles(aws: EcsAccount) -> None:
    definition = aws.definition("true")
    family = definition.rpartition(":")[0]
    request = aws.request(definition)
    run = allow("ecs:RunTask", definition, **IN_CLUSTER)
    passing = allow("iam:PassRole", aws.execution_role, **PASSED)
    assert denial(aws, "run_task", request, run, passing) is None
    assert denial(aws, "run_task", request, allow("ecs:RunTask", f"{family}:*"), passing) is None
    for lacking in (
        [passing],
        [allow("ecs:RunTask", f"{family}:99"), passing],
        [allow("ecs:RunTask", definition, ArnEquals={"ecs:cluster": f"{CLUSTER}s"}), passing],
    ):
        message = denial(aws, "run_task", request, *lacking)
        assert message is not None
        assert f"not authorized to perform: ecs:RunTask on resource: {definition}" in message
    for lacking in ([run], [run, allow("iam:PassRole", StringEquals={"iam:PassedToService": "lambda"})]):
        message = denial(aws, "run_task", request, *lacking)
        assert message is not None
        assert f"not authorized to perform: iam:PassRole on resource: {aws.execution_role}" in message


def test_a_definition_without_a_revision_is_authorized_as_the_latest(aws: EcsAccount) -> None:
    definition = aws.definition("true")
    request = aws.request(definition.rpartition("/")[2].partition(":")[0])
    passing = allow("iam:PassRole", aws.execution_role)
    assert denial(aws, "run_task", request, allow("ecs:RunTask", definition), passing) is None


def test_tags_need_a_permission_of_their_own(aws: EcsAccount) -> None:
    definition = aws.definition("true")
    request = aws.request(definition, tags=[{"key": "a", "value": "b"}])
    statements = [allow("ecs:RunTask"), allow("iam:PassRole")]
    message = denial(aws, "run_task", request, *statements)
    assert message is not None
    assert "ecs:TagResource" in message
    creating = allow("ecs:TagResource", StringEquals={"ecs:CreateAction": "RunTask"})
    assert denial(aws, "run_task", request, *statements, creating) is None


@pytest.mark.parametrize(
    ("operation", "action", "resource"),
    [
        ("stop_task", "ecs:StopTask", TASKS),
        ("describe_tasks", "ecs:DescribeTasks", TASKS),
        ("list_tasks", "ecs:ListTasks", "*"),
    ],
)
def test_other_operations_are_on_tasks_in_a_cluster(
    aws: EcsAccount, operation: str, action: str, resource: str
) -> None:
    arn = aws.run(aws.definition("true"))
    requests: dict[str, dict[str, Any]] = {
        "stop_task": {"task": arn},
        "describe_tasks": {"tasks": [arn.rpartition("/")[2]]},
        "list_tasks": {},
    }
    request = {"cluster": "cluster", **requests[operation]}
    assert denial(aws, operation, request, allow(action, resource, **IN_CLUSTER)) is None
    elsewhere = allow(action, resource, ArnEquals={"ecs:cluster": f"{CLUSTER}s"})
    message = denial(aws, operation, request, elsewhere)
    assert message is not None
    assert f"not authorized to perform: {action}" in message
