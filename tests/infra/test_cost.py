"""What a month costs, all in: counted from the template, and the estimate's figures are the same."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from infra.handlers import exists, shell_command, shell_command_precondition
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup
from local.simulation.arrivals import PATTERNS
from local.simulation.bill import bill, host_bill, total
from local.simulation.prices import Prices
from local.simulation.run import simulate
from local.simulation.scenario import Scenario
from local.simulation.stack import ENDED_MEMORY_MB, POLLER_MEMORY_MB, Stack, stack_with
from local.simulation.usage import Usage

ONE_IDLE_GROUP_USD = 3.00
A_HUNDRED_TASKS_A_DAY_USD = 4.50
EACH_OF_TEN_GROUPS_USD = 1.50


@cache
def resources(
    worker_groups: int, *, schedule: str = "rate(5 minutes)", dashboard: bool = False
) -> Mapping[str, Any]:
    stack = TaskRunnerStack(
        cdk.App(),
        "TaskRunner",
        worker_groups=[WorkerGroup(f"group-{number}", schedule=schedule) for number in range(worker_groups)],
        handlers={
            "ShellCommandActivity": shell_command(),
            "ShellCommandPrecondition": shell_command_precondition(),
            "Exists": exists(),
        },
        dashboard=dashboard,
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


def counted(worker_groups: int = 1) -> Stack:
    """The positions of the bill, counted in the template."""
    found, more = resources(worker_groups), resources(worker_groups + 1)
    of_group = alarm_metrics(more) - alarm_metrics(found)
    # All that the functions write while nothing fails is for the dashboard (tests/unit/test_telemetry.py).
    shown = any(
        "DASHBOARD" in function["Environment"]["Variables"]
        for function in of_type(found, "AWS::Lambda::Function")
    )
    return Stack(
        alarm_metrics=alarm_metrics(found) - worker_groups * of_group,
        alarm_metrics_of_group=of_group,
        busy_metrics_of_group=int(shown),
        busy_metrics_of_type=int(shown),
        dashboards=len(of_type(found, "AWS::CloudWatch::Dashboard")),
    )


_MONTH_DAYS = 30
_FEW_DAYS = 3
"""Of groups in which each day is like the other."""


def all_in(usage: Usage, worker_groups: int = 1, days: int = _MONTH_DAYS) -> float:
    """At list price, without any free tier, for a month of which ``days`` are simulated."""
    stack = counted(worker_groups)
    return total(
        bill(usage, Prices.load(), worker_groups=worker_groups, stack=stack, months=days / _MONTH_DAYS)
    )


def test_an_idle_group_costs_three_dollars_at_most() -> None:
    assert all_in(simulate(Scenario(tasks_per_day=0, days=_FEW_DAYS)), days=_FEW_DAYS) <= ONE_IDLE_GROUP_USD


@pytest.mark.parametrize("pattern", ["steady", "nightly"])
def test_a_hundred_tasks_a_day_cost_four_and_a_half_dollars_at_most(pattern: str) -> None:
    usage = simulate(Scenario(tasks_per_day=100, shape="five", pattern=pattern))
    assert usage.tasks >= 2_970  # The last pipeline may begin after the month.
    assert all_in(usage) <= A_HUNDRED_TASKS_A_DAY_USD


@pytest.mark.long
@pytest.mark.parametrize("pattern", list(PATTERNS))
def test_a_hundred_tasks_a_day_cost_less_than_a_host_however_they_come(pattern: str) -> None:
    usage = simulate(Scenario(tasks_per_day=100, shape="single", pattern=pattern))
    assert all_in(usage) <= 0.7 * total(host_bill(Prices.load()))


def test_ten_groups_cost_a_dollar_and_a_half_each_at_most() -> None:
    usage = simulate(Scenario(tasks_per_day=0, worker_groups=10, days=_FEW_DAYS))
    assert all_in(usage, worker_groups=10, days=_FEW_DAYS) / 10 <= EACH_OF_TEN_GROUPS_USD


def test_the_estimate_counts_what_the_template_has() -> None:
    assert stack_with(period_seconds=300) == counted() == counted(3)
    memory = {
        function["Handler"]: function["MemorySize"]
        for function in of_type(resources(1), "AWS::Lambda::Function")
    }
    assert memory["poll_for_task.handler"] == POLLER_MEMORY_MB
    assert memory["execution_ended.handler"] == ENDED_MEMORY_MB
    architectures = {
        tuple(function["Architectures"]) for function in of_type(resources(1), "AWS::Lambda::Function")
    }
    assert architectures == {("arm64",)}


@pytest.mark.parametrize("minutes", [5, 20, 21, 60, 1_440])
def test_the_estimate_counts_the_alarms_of_a_longer_period(minutes: int) -> None:
    expected = stack_with(period_seconds=60 * minutes)
    found = resources(1, schedule=f"rate({minutes} minutes)")
    assert alarm_metrics(found) == expected.alarm_metrics + expected.alarm_metrics_of_group


def test_the_dashboard_costs_what_the_estimate_says() -> None:
    stack = stack_with(period_seconds=300, dashboard=True)
    found = resources(1, dashboard=True)
    assert len(of_type(found, "AWS::CloudWatch::Dashboard")) == stack.dashboards == 1
    assert alarm_metrics(found) == stack.alarm_metrics + stack.alarm_metrics_of_group
    idle, busy = Usage(), Usage(tasks=3_000)
    prices = Prices.load()
    for usage, usd in ((idle, 3.00), (busy, 3.60)):
        added = total(bill(usage, prices, stack=stack)) - total(bill(usage, prices, stack=counted()))
        assert added == pytest.approx(usd)
