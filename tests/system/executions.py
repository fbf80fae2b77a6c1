"""Executions of the deployed state machines, through the Step Functions API."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

from tests.system.deployments import STACK, WORKER_GROUP, Deployment

RUN_TASK = f"{STACK}-RunTask"
POLL_LOOP = f"{STACK}-PollLoop-{WORKER_GROUP}"

NEVER_ACKNOWLEDGES = {
    "QueryLanguage": "JSONata",
    "StartAt": "Stuck",
    "States": {"Stuck": {"Type": "Wait", "Seconds": 36_000, "End": True}},
}


def state_machine(deployment: Deployment, name: str) -> str:
    """The ARN of a state machine by its name."""
    machines = deployment.stepfunctions.list_state_machines()["stateMachines"]
    by_name = {machine["name"]: machine["stateMachineArn"] for machine in machines}
    assert name in by_name, sorted(by_name)
    return by_name[name]


def executions(deployment: Deployment, name: str, *, of: str = "") -> dict[str, str]:
    """The status of each execution by ARN. ``of`` keeps those that run a task of this component."""
    pages = deployment.stepfunctions.get_paginator("list_executions")
    return {
        execution["executionArn"]: execution["status"]
        for page in pages.paginate(stateMachineArn=state_machine(deployment, name))
        for execution in page["executions"]
        if not of or execution["name"].startswith(f"{of}-")
    }


def states_entered(deployment: Deployment, execution_arn: str) -> list[str]:
    """The names of the states that an execution entered, in order."""
    pages = deployment.stepfunctions.get_paginator("get_execution_history")
    return [
        event["stateEnteredEventDetails"]["name"]
        for page in pages.paginate(executionArn=execution_arn)
        for event in page["events"]
        if "stateEnteredEventDetails" in event
    ]


@contextlib.contextmanager
def run_task_replaced(deployment: Deployment, definition: object) -> Iterator[None]:
    """Replace the definition of RunTask until the block ends."""
    client = deployment.stepfunctions
    arn = state_machine(deployment, RUN_TASK)
    original = client.describe_state_machine(stateMachineArn=arn)["definition"]
    client.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
    try:
        yield
    finally:
        client.update_state_machine(stateMachineArn=arn, definition=original)
