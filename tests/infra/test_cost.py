"""The estimate's figures of the stack are those of the template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template

from infra.handlers import exists, shell_command, shell_command_precondition
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup
from local.simulation.stack import ENDED_MEMORY_MB, POLLER_MEMORY_MB, STACK


def resources(worker_groups: int) -> Mapping[str, Any]:
    stack = TaskRunnerStack(
        cdk.App(),
        "TaskRunner",
        worker_groups=[WorkerGroup(f"group-{number}") for number in range(worker_groups)],
        handlers={
            "ShellCommandActivity": shell_command(),
            "ShellCommandPrecondition": shell_command_precondition(),
            "Exists": exists(),
        },
    )
    found: Mapping[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    return found


def of_type(found: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in found.values() if resource["Type"] == kind]


def alarm_metrics(found: Mapping[str, Any]) -> int:
    return sum(
        1 if "MetricName" in alarm else sum("MetricStat" in metric for metric in alarm["Metrics"])
        for alarm in of_type(found, "AWS::CloudWatch::Alarm")
    )


def test_metrics_in_alarms_dashboards_and_memory_are_as_the_estimate_has_them() -> None:
    one, three = resources(1), resources(3)
    assert alarm_metrics(one) == STACK.alarm_metrics + STACK.alarm_metrics_of_group
    assert alarm_metrics(three) == STACK.alarm_metrics + 3 * STACK.alarm_metrics_of_group
    assert len(of_type(one, "AWS::CloudWatch::Dashboard")) == STACK.dashboards
    memory = {
        function["Handler"]: function["MemorySize"] for function in of_type(one, "AWS::Lambda::Function")
    }
    assert memory["poll_for_task.handler"] == POLLER_MEMORY_MB
    assert memory["execution_ended.handler"] == ENDED_MEMORY_MB
    assert {tuple(function["Architectures"]) for function in of_type(one, "AWS::Lambda::Function")} == {
        ("arm64",)
    }
