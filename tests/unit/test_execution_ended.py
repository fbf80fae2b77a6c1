"""What is told of an execution that has ended."""

from __future__ import annotations

import importlib
import json
from types import ModuleType
from typing import Any

import pytest

from runner import clients

EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:TaskRunner-RunTask:A-x"
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
    return importlib.import_module("execution_ended")


def detail(output: Any = None, *, task: Any = ENVELOPE, **changes: Any) -> dict[str, Any]:
    return {
        "stateMachineArn": RUN_TASK,
        "executionArn": EXECUTION,
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
        ({"status": "FINISHED", "deferrals": 0}, {}),
        ({"status": "FINISHED", "deferrals": 3}, {"TasksDeferred": 3}),
        ({"status": "FALSE", "deferrals": 0}, {"TasksNotMet": 1}),
        ({"status": "CANCELED", "deferrals": 2}, {"TasksCanceled": 1, "TasksDeferred": 2}),
        ({"status": "NO_LONGER_OURS", "deferrals": 0}, {"TasksLost": 1}),
    ],
)
def test_an_end_is_counted_by_type(module: ModuleType, output: Any, metric: dict[str, float]) -> None:
    end = module.judge(detail(output))
    assert end.of_type == metric
    assert end.has_type
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
    end = module.judge(detail({"status": "FAILED", "errorId": "E", "deferrals": 0, **more}))
    assert (end.of_stack, end.of_type) == (counted, {"TasksFailed": 1})
    assert end.fields["errorId"] == "E"


@pytest.mark.parametrize("status", ["FAILED", "CANCELED"])
def test_a_task_without_a_handler_makes_no_metric_of_its_type(module: ModuleType, status: str) -> None:
    end = module.judge(detail({"status": status, "unhandled": True}))
    assert end.of_stack == {"TasksRefused": 1} | ({"TasksFailed": 1} if status == "FAILED" else {})
    assert (end.of_type, end.has_type) == ({}, False)


def test_a_type_that_a_deploy_has_just_added_is_counted(module: ModuleType) -> None:
    end = module.judge(detail({"status": "FINISHED"}, task=ENVELOPE | {"route": "SqlActivity"}))
    assert (end.of_stack, end.of_type, end.has_type) == ({}, {}, True)


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_an_execution_that_did_not_succeed_told_nobody(module: ModuleType, status: str) -> None:
    end = module.judge(detail(status=status, error="StatusNotReported", cause="why"))
    assert not end.reported
    # How many types there are is not known here, and each makes a metric of its own.
    assert (end.of_stack, end.of_type, end.has_type) == ({"TasksNotReported": 1}, {}, False)
    assert (end.fields["error"], end.fields["cause"]) == ("StatusNotReported", "why")


@pytest.mark.parametrize("text", [None, "[1]", '"text"'])
def test_what_step_functions_leaves_out_is_done_without(module: ModuleType, text: str | None) -> None:
    end = module.judge(detail(input=text, output=text))
    assert (end.of_stack, end.of_type, end.has_type) == ({}, {}, False)


class StepFunctions:
    """DescribeExecution of one execution."""

    def __init__(self, **answer: Any) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.asked.append(executionArn)
        return self.answer


def ended(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any], answer: dict[str, Any]
) -> StepFunctions:
    described = StepFunctions(**answer)
    monkeypatch.setattr(clients, "step_functions", lambda: described)
    module.handler({"detail": said}, None)
    return described


LEFT_OUT = {"input": None, "output": None, "error": None, "cause": None}


@pytest.mark.parametrize(
    ("status", "answer", "counted"),
    [
        ("SUCCEEDED", {"output": {"status": "FINISHED"}}, {"TaskDuration"}),
        ("SUCCEEDED", {"output": {"status": "FAILED", "crashed": True}}, {"TasksFailed", "HandlersCrashed"}),
        ("FAILED", {"error": "StatusNotReported", "cause": "why"}, {"TasksNotReported"}),
    ],
)
@pytest.mark.parametrize("absent", [True, False])
def test_what_an_event_leaves_out_is_asked_for(
    module: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    status: str,
    answer: dict[str, Any],
    counted: set[str],
    absent: bool,
) -> None:
    """As Step Functions does for a state machine with a key of the customer's, and for what is too large."""
    monkeypatch.setenv("DASHBOARD", "1")
    said = detail(status=status, **LEFT_OUT)
    if absent:
        said = {key: value for key, value in said.items() if key not in LEFT_OUT}
    answer = {**answer, "output": json.dumps(answer.get("output")), "input": json.dumps(ENVELOPE)}
    described = ended(module, monkeypatch, said, answer)
    assert described.asked == [EXECUTION]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert counted <= {name for line in lines for name in line}
    (record,) = caplog.records
    assert vars(record)["attemptId"] == "@A_Attempt=1"
    assert vars(record).get("error") == answer.get("error")


def test_only_the_output_may_be_left_out(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    described = ended(
        module,
        monkeypatch,
        detail(output=None) | {"output": None},
        {"input": "{}", "output": '{"status": "FAILED"}'},
    )
    assert described.asked == [EXECUTION]


@pytest.mark.parametrize(
    "said", [detail({"status": "FINISHED"}), detail(status="FAILED", error="E") | {"output": None}]
)
def test_a_whole_event_is_believed(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]
) -> None:
    assert ended(module, monkeypatch, said, {}).asked == []


def test_the_error_of_a_failed_loop_is_asked_for(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    loop = RUN_TASK.replace("RunTask", "PollLoop-etl")
    said = detail(stateMachineArn=loop, status="FAILED", **LEFT_OUT)
    ended(module, monkeypatch, said, {"input": "{}", "error": "PollingFailed", "cause": "denied"})
    (record,) = caplog.records
    assert (vars(record)["error"], vars(record)["cause"]) == ("PollingFailed", "denied")


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
