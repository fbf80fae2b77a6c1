"""Facts that infra/ and lambdas/ both state, because neither imports the other."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.monitoring.metrics import NAMESPACE, dimension
from infra.registration import RUN_TASK_STATES
from infra.worker_group import HOLD_SECONDS, WorkerGroup
from local.launch import ROOT
from poller import loop
from runner import telemetry
from tests.infra.conftest import synthesize
from tests.infra.state_machines import definitions
from tests.infra.test_monitoring import alarms, widgets

WRITERS = (
    "lambdas/poll_for_task.py",
    "lambdas/execution_ended.py",
    "lambdas/runner/telemetry.py",
    "infra/run_task/no_capacity.py",
)


@pytest.fixture(scope="module")
def monitored() -> Template:
    """A stack with every possible alarm."""
    return synthesize(
        [WorkerGroup("etl", max_concurrent_tasks=2, idle_alarm_hours=24)],
        failed_tasks_alarm=2,
        dashboard=True,
    )


def test_the_service_holds_a_poll_for_as_long_here_as_there() -> None:
    assert loop.HOLD_SECONDS == HOLD_SECONDS


def test_metrics_are_read_from_the_namespace_that_they_are_written_to() -> None:
    assert telemetry.NAMESPACE == NAMESPACE


def test_metrics_are_read_by_the_dimension_that_names_the_stack(
    monitored: Template, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "TaskRunner")
    telemetry.emit({"Polls": 1}, WorkerGroup="etl")
    written = json.loads(capsys.readouterr().out)
    read = alarms(monitored)["Idle-etl"]["Dimensions"]
    assert {row["Name"]: row["Value"] for row in read} == {
        "service": "TaskRunner",
        "WorkerGroup": "etl",
    }
    assert written["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["WorkerGroup", "service"]]
    assert (written["service"], written["WorkerGroup"]) == ("TaskRunner", "etl")


@pytest.mark.parametrize("text", ["etl", " reports / daily ", "größe", "𝒳", "x" * 300, "é" * 100, "\t", ""])
def test_a_dimension_is_read_by_the_value_that_is_written(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "TaskRunner")
    telemetry.emit({"Polls": 1}, WorkerGroup=text)
    assert json.loads(capsys.readouterr().out)["WorkerGroup"] == dimension(text)


def test_metrics_and_dimensions_that_are_read_are_written(monitored: Template) -> None:
    trees = [ast.parse((ROOT / file).read_text()) for file in WRITERS]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    dimensions = {
        keyword.arg
        for node in nodes
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("emit", "telemetry.emit", "telemetry.emit_for_dashboard")
        for keyword in node.keywords
        if keyword.arg not in ("unit", None)
    }
    read = list(metrics_read(monitored))
    assert {name for name, _ in read} <= texts
    assert {key for _, keys in read for key in keys} == dimensions | {"service"}


def metrics_read(template: Template) -> list[tuple[str, set[str]]]:
    """(name, dimension names) of each of our metrics in the alarms and on the dashboard."""
    found: list[tuple[str, set[str]]] = []
    for alarm in alarms(template).values():
        parts: list[dict[str, Any]] = [alarm, *alarm.get("Metrics", [])]
        for part in parts:
            metric = part.get("MetricStat", {}).get("Metric", part)
            if metric.get("Namespace") == NAMESPACE:
                found.append((metric["MetricName"], {row["Name"] for row in metric["Dimensions"]}))
    for widget in widgets(template):
        for row in widget["properties"].get("metrics", []):
            if row[0] == NAMESPACE:
                found.append((row[1], {text for text in row[2:-1:2] if isinstance(text, str)}))
            elif search := re.match(
                rf"SEARCH\('{{{NAMESPACE},(.*?)}} MetricName=\"(\w+)\"",
                str(row[0].get("expression") if isinstance(row[0], dict) else ""),
            ):
                found.append((search[2], set(search[1].split(","))))
    return found


def test_the_states_whose_names_no_handler_can_have_are_those_of_run_task(template: Template) -> None:
    states = definitions(template)["TaskRunner-RunTask"]["States"]
    assert set(states) - {"ShellCommandActivity"} == RUN_TASK_STATES
