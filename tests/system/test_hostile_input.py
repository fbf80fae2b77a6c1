"""The nastiest tasks on the deployed stack: each runs, or is FAILED with the reason. No loop stops."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.deployments import Deployment
from tests.system.executions import POLL_LOOP, RUN_TASK, state_machine
from tests.system.faults import happened, tick
from tests.system.pipelines import Pipeline, shell

SHELL = {"key": "type", "stringValue": "ShellCommandActivity"}
JSONATA = "{% $error('evaluated') %}{% ( $f := function($x) { $f($x) }; $f(1) ) %} $.a $$.b States.UUID()"
LARGE = {"fields": [{"key": f"my{number}", "stringValue": "y" * 7_500} for number in range(2)]}


def field(key: str, value: str) -> dict[str, str]:
    return {"key": key, "stringValue": value}


def attempt(*fields: Any) -> dict[str, Any]:
    return {"@A": {"id": "@A", "name": "@A", "fields": [SHELL, *fields]}}


# What replaces members of the task's answer, how the task ends, and what its error says.
TASKS: dict[str, tuple[dict[str, Any], str, str]] = {
    "nothing": ({"objects": {}}, "FAILED", "no objects"),
    "null": ({"objects": None, "attemptId": None, "pipelineId": None}, "FAILED", "no attemptId"),
    "no-type": ({"objects": {"@A": {"id": "@A", "fields": []}}}, "FAILED", "no field 'type'"),
    "neither-value": ({"objects": {"@A": {"fields": [{"key": "type"}]}}}, "FAILED", "no field 'type'"),
    "both-values": (
        {"objects": attempt({"key": "command", "stringValue": "true", "refValue": "@A"})},
        "FINISHED",
        "",
    ),
    "jsonata": ({"objects": attempt(field("command", "true"), field("myNote", JSONATA))}, "FINISHED", ""),
    "jsonata-type": ({"objects": {"@A": {"fields": [field("type", JSONATA)]}}}, "FAILED", "$error"),
    "keys": (
        {"objects": attempt(field("command", "true"), field("a.b['c'].\"d\"", "x"), field("__proto__", "x"))},
        "FINISHED",
        "",
    ),
    "proto": (
        {"objects": {**attempt(field("command", "true")), "__proto__": {"id": "__proto__", "fields": []}}},
        "FINISHED",
        "",
    ),
    "control-characters": ({"objects": attempt(field("command", "true \u0001\u001b"))}, "FINISHED", ""),
    "surrogate": ({"objects": attempt(field("command", "true \ud800"))}, "FAILED", "surrogate"),
    "null-character": ({"objects": attempt(field("command", "true \u0000"))}, "FAILED", "exit code"),
    "large": (
        {"objects": {**attempt(field("command", "true")), **{f"L{number}": LARGE for number in range(100)}}},
        "FINISHED",
        "",
    ),
    "long-attempt-id": (
        {"attemptId": "x" * 300_000, "objects": {"x" * 300_000: {"fields": [SHELL]}}},
        "FAILED",
        "longer than 1,024",
    ),
    "long-type": (
        {"objects": {"@A": {"fields": [field("type", "t" * 300_000)]}}},
        "FAILED",
        "longer than 1,024",
    ),
    "circle": (
        {
            "objects": {
                **attempt(
                    field("command", "true"), field("stage", "true"), {"key": "input", "refValue": "B"}
                ),
                "B": {"id": "B", "fields": [field("type", "S3DataNode"), {"key": "input", "refValue": "B"}]},
            }
        },
        "FAILED",
        "'B'",
    ),
}


@pytest.fixture(scope="module")
def given(faulty_deployment: Deployment) -> dict[str, Pipeline]:
    """The test takes each task, and gives the stack its id with other content."""
    faulty_deployment.faults.clear()
    found = {}
    for name, (members, _, _) in TASKS.items():
        component = f"Hostile-{name}"
        pipeline = Pipeline.activated(faulty_deployment, {component: shell("true")}, worker_group=component)
        task = faulty_deployment.datapipeline.poll_for_task(workerGroup=component)["taskObject"]
        answer = {"taskObject": {**task, "attemptId": "@A", **members}}
        faulty_deployment.faults.add({"operation": "PollForTask", "kind": "answer", "answer": answer})
        tick(faulty_deployment)
        happened(faulty_deployment)
        found[name] = pipeline
    return found


@pytest.mark.parametrize("name", TASKS)
def test_it_runs_or_says_what_is_wrong(
    given: dict[str, Pipeline], faulty_deployment: Deployment, name: str
) -> None:
    pipeline = given[name]
    _, status, says = TASKS[name]
    pipeline.ended(f"Hostile-{name}", status)
    assert says in pipeline.attempts(f"Hostile-{name}")[-1].fields.get("errorMessage", "")


def test_no_state_machine_died_of_it(given: dict[str, Pipeline], faulty_deployment: Deployment) -> None:
    for name, pipeline in given.items():
        pipeline.ended(f"Hostile-{name}", TASKS[name][1])
    client = faulty_deployment.stepfunctions
    for machine in (RUN_TASK, POLL_LOOP):
        pages = client.get_paginator("list_executions").paginate(
            stateMachineArn=state_machine(faulty_deployment, machine), statusFilter="FAILED"
        )
        for execution in (execution for page in pages for execution in page["executions"]):
            error = client.describe_execution(executionArn=execution["executionArn"]).get("error", "")
            assert error not in ("States.Runtime", "States.DataLimitExceeded"), execution["executionArn"]
