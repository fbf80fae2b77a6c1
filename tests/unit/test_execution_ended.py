"""What is told of an execution that has ended."""

from __future__ import annotations

import importlib
import json
from types import ModuleType
from typing import Any

import pytest

RUN_TASK = "arn:aws:states:us-east-1:000000000000:stateMachine:TaskRunner-RunTask"
ENVELOPE = {
    "taskId": "T1",
    "pipelineId": "df-1",
    "attemptId": "@A_Attempt=1",
    "workerGroup": "etl",
    "type": "ShellCommandActivity",
    "route": "ShellCommandActivity",
}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("RUN_TASK_ARN", RUN_TASK)
    monkeypatch.setenv("ROUTES", '["ShellCommandActivity"]')
    return importlib.import_module("execution_ended")


def detail(output: Any = None, *, task: Any = ENVELOPE, **changes: Any) -> dict[str, Any]:
    return {
        "stateMachineArn": RUN_TASK,
        "name": "A-x",
        "status": "SUCCEEDED",
        "startDate": 1_000,
        "stopDate": 3_500,
        "input": json.dumps(task),
        "output": json.dumps(output),
    } | changes


@pytest.mark.parametrize(
    ("output", "metric"),
    [
        ({"status": "FINISHED", "deferrals": 0}, {"TasksFinished": 1}),
        ({"status": "FALSE", "deferrals": 0}, {"TasksNotMet": 1}),
        ({"status": "CANCELED", "deferrals": 2}, {"TasksCanceled": 1, "TasksDeferred": 2}),
        ({"status": "NO_LONGER_OURS", "deferrals": 0}, {"TasksLost": 1}),
    ],
)
def test_an_end_is_counted_by_type(module: ModuleType, output: Any, metric: dict[str, float]) -> None:
    end = module.judge(detail(output), module.ROUTES)
    assert end.of_type == metric
    assert end.of_stack == {}
    assert end.fields["seconds"] == 2.5
    assert end.fields["attemptId"] == "@A_Attempt=1"


@pytest.mark.parametrize(
    ("more", "counted"),
    [
        ({}, {"TasksFailed": 1}),
        ({"crashed": True}, {"TasksFailed": 1, "HandlersCrashed": 1}),
        ({"refused": True}, {"TasksFailed": 1, "StatusesRefused": 1}),
    ],
)
def test_a_failure_is_counted_for_the_stack_too(
    module: ModuleType, more: dict[str, bool], counted: dict[str, float]
) -> None:
    end = module.judge(detail({"status": "FAILED", "errorId": "E", "deferrals": 0, **more}), module.ROUTES)
    assert (end.of_stack, end.of_type) == (counted, {"TasksFailed": 1})
    assert end.fields["errorId"] == "E"


@pytest.mark.parametrize("change", [{"route": "PigActivity"}, {"refusal": {"errorId": "MalformedTask"}}])
def test_a_task_without_a_handler_makes_no_metric_of_its_type(
    module: ModuleType, change: dict[str, Any]
) -> None:
    end = module.judge(detail({"status": "FAILED"}, task=ENVELOPE | change), module.ROUTES)
    assert end.of_stack == {"TasksFailed": 1, "TasksRefused": 1}
    assert end.of_type == {}


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_an_execution_that_did_not_succeed_told_nobody(module: ModuleType, status: str) -> None:
    end = module.judge(detail(status=status, error="StatusNotReported", cause="why"), module.ROUTES)
    assert not end.reported
    assert end.of_type == {"TasksNotReported": 1}
    assert (end.fields["error"], end.fields["cause"]) == ("StatusNotReported", "why")


@pytest.mark.parametrize("text", [None, "[1]", '"text"'])
def test_what_step_functions_leaves_out_is_done_without(module: ModuleType, text: str | None) -> None:
    end = module.judge(detail(input=text, output=text), module.ROUTES)
    assert (end.of_stack, end.of_type) == ({}, {})


def test_a_failed_loop_is_counted_by_itself(
    module: ModuleType, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    loop = RUN_TASK.replace("RunTask", "PollLoop-etl")
    module.handler({"detail": detail(stateMachineArn=loop, status="FAILED", error="PollingFailed")}, None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert any(line.get("PollLoopsFailed") == [1.0] for line in lines)
    assert not any("TasksFailed" in line for line in lines)
    (record,) = caplog.records
    assert vars(record)["stateMachine"] == "TaskRunner-PollLoop-etl"
