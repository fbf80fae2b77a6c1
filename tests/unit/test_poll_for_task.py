"""The poller as PollLoop invokes it, with the service's answers in its hands."""

from __future__ import annotations

import dataclasses
import importlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from poller.envelope import execution_name
from poller.pace import LastPace, Pace
from poller.polling import PollingFailed
from runner import clients, telemetry

RUN_TASK = "arn:aws:states:us-east-1:000000000000:stateMachine:RunTask"
POLL_LOOP = "arn:aws:states:us-east-1:000000000000:stateMachine:PollLoop-etl"
TASK = {
    "taskId": "T1",
    "pipelineId": "df-1",
    "attemptId": "@A_Attempt=1",
    "objects": {
        "@A_Attempt=1": {"fields": [{"key": "type", "stringValue": "ShellCommandActivity"}]},
    },
}


class Service:
    """What the poller calls: each answer is given, or raised if it is an exception.

    ``executions`` is ListExecutions' answer for RunTask and ``loops`` that for PollLoop; ``heartbeat`` is
    that of ReportTaskRunnerHeartbeat.
    """

    def __init__(
        self,
        answer: Mapping[str, Any] | Exception,
        heartbeat: Mapping[str, Any] | Exception,
        executions: list[dict[str, Any]] | Exception | None = None,
    ) -> None:
        self.answer = answer
        self.heartbeat = heartbeat
        self.executions = executions
        self.loops: list[dict[str, Any]] | Exception = []
        self.listed: list[str] = []
        """The state machines whose executions were asked for."""
        self.seconds_left = 40.0
        """Of the invocation."""
        self.timeouts: list[float] = []
        """Of the polls, in seconds."""

    def polling(self, timeout: float) -> Service:
        self.timeouts.append(timeout)
        return self

    def poll_for_task(self, **_: str) -> Mapping[str, Any]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def report_task_runner_heartbeat(self, **_: str) -> Mapping[str, Any]:
        if isinstance(self.heartbeat, Exception):
            raise self.heartbeat
        return self.heartbeat

    def list_executions(self, **asked: Any) -> Mapping[str, Any]:
        listed = asked["stateMachineArn"]
        self.listed.append(listed)
        executions = self.loops if listed == POLL_LOOP else self.executions
        if isinstance(executions, Exception):
            raise executions
        assert executions is not None, "nobody asked whether the group has work before"
        return {"executions": executions}


Poller = Callable[[Service], dict[str, Any]]


@pytest.fixture
def poll(monkeypatch: pytest.MonkeyPatch, poller_environment: None) -> Poller:
    module: ModuleType = importlib.import_module("poll_for_task")
    monkeypatch.setattr(module, "LAST_PACE", LastPace())

    def invoke(service: Service) -> dict[str, Any]:
        monkeypatch.setattr(clients, "polling", service.polling)
        monkeypatch.setattr(clients, "data_pipeline", lambda: service)
        monkeypatch.setattr(clients, "step_functions", lambda: service)
        event = {"loop": {}, "startedAt": datetime.now(UTC).isoformat()}
        answer: dict[str, Any] = module.handler(
            event,
            SimpleNamespace(
                aws_request_id="r", get_remaining_time_in_millis=lambda: service.seconds_left * 1_000
            ),
        )
        return answer

    return invoke


@pytest.fixture
def lingering(monkeypatch: pytest.MonkeyPatch, poll: Poller) -> Poller:
    """The poller of a group that wakes, and lingers for ten minutes."""
    module = importlib.import_module("poll_for_task")
    monkeypatch.setenv("LINGER_SECONDS", "600")
    monkeypatch.setenv("POLL_LOOP_ARN", POLL_LOOP)
    monkeypatch.setattr(module, "CONFIGURATION", module.Configuration.from_environment())
    return poll


def execution(seconds_ago: float | None, *, group: str = "etl") -> dict[str, Any]:
    """One of RunTask that ended so many seconds ago; None for one that is running."""
    name = execution_name({"attemptId": "@A", "taskId": "T0", "workerGroup": group}, poll_id="p")
    if seconds_ago is None:
        return {"name": name}
    return {"name": name, "stopDate": datetime.now(UTC) - timedelta(seconds=seconds_ago)}


@pytest.mark.parametrize(
    ("ended", "group", "timeout", "next_step"),
    [
        ([], "etl", 10, "STOP"),
        ([660], "etl", 10, "STOP"),
        ([None, 1], "other", 10, "STOP"),
        ([None], "etl", 95, "WAIT"),
        ([540], "etl", 95, "WAIT"),
    ],
)
def test_the_first_poll_is_held_if_the_group_has_work(
    lingering: Poller, ended: list[float | None], group: str, timeout: float, next_step: str
) -> None:
    service = Service({}, {}, [execution(seconds_ago, group=group) for seconds_ago in ended])
    answer = lingering(service)
    assert service.timeouts == [timeout]
    assert answer["next"] == next_step  # WAIT, as this service answers at once that there is nothing.


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListExecutions"),
        ClientError({"Error": {"Code": "ThrottlingException"}}, "ListExecutions"),
        OSError("no route"),
    ],
)
def test_a_group_whose_activity_is_unknown_sleeps_and_is_polled_for(
    lingering: Poller, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(telemetry.logger, "warning", lambda message, **_: warned.append(message))
    service = Service({"taskObject": TASK}, {}, error)
    assert lingering(service)["next"] == "START"
    assert service.timeouts == [10]
    assert warned == ["Activity unknown"]


def test_an_earlier_loop_that_cannot_be_seen_is_not_waited_for(
    lingering: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(
        telemetry.logger, "warning", lambda message, **fields: warned.append((message, fields))
    )
    service = Service({"taskObject": TASK}, {}, [])
    refused = ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListExecutions")
    service.loops, service.seconds_left = refused, 425
    assert lingering(service)["next"] == "START"
    assert service.timeouts == [10]
    assert warned == [("Earlier loop unknown", {"error": str(refused)})]


def test_a_loop_that_finds_no_work_waits_for_the_one_before_and_asks_again(
    lingering: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service({"taskObject": TASK}, {}, [])
    before = datetime.now(UTC) - timedelta(minutes=5)
    service.loops, service.seconds_left = [{"startDate": before}], 425
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if seconds:
            # The loop before ends, and has started a task.
            service.loops, service.executions = [], [execution(None)]

    monkeypatch.setattr(time, "sleep", sleep)
    assert lingering(service)["next"] == "START"
    assert slept[0] == 5
    assert service.timeouts == [95]
    assert service.listed == [RUN_TASK, POLL_LOOP, POLL_LOOP, RUN_TASK]


def test_a_poller_without_a_linger_never_asks_for_activity(poll: Poller) -> None:
    service = Service({}, {}, executions=None)
    assert poll(service)["next"] == "STOP"
    assert service.timeouts == [10]


@pytest.mark.parametrize(
    ("answer", "executions", "awake"),
    [({}, [], False), ({"taskObject": TASK}, [], True), ({}, [execution(None)], True)],
)
def test_the_log_says_whether_the_group_is_awake(
    lingering: Poller,
    monkeypatch: pytest.MonkeyPatch,
    answer: dict[str, Any],
    executions: list[dict[str, Any]],
    awake: bool,
) -> None:
    lines: dict[str, dict[str, Any]] = {}
    monkeypatch.setattr(telemetry.logger, "info", lambda message, **fields: lines.update({message: fields}))
    lingering(Service(answer, {}, executions))
    assert lines["Polled"]["awake"] is awake


@pytest.mark.parametrize("heartbeat", [{"terminate": False}, {}, {"terminate": None}, OSError("no route")])
def test_a_task_is_started_whatever_the_heartbeat_answers(
    poll: Poller, heartbeat: Mapping[str, Any] | Exception
) -> None:
    answer = poll(Service({"taskObject": TASK}, heartbeat))
    assert answer["next"] == "START"
    assert answer["task"]["taskId"] == "T1"
    assert answer["loop"]["terminated"] is False


def test_told_to_end_the_task_in_hand_is_started_and_no_other_polled_for(poll: Poller) -> None:
    answer = poll(Service({"taskObject": TASK}, {"terminate": True}))
    assert answer["next"] == "START"
    assert answer["loop"]["terminated"] is True


def test_an_empty_short_poll_ends_the_tick(poll: Poller) -> None:
    answer = poll(Service({}, {"terminate": False}))
    assert answer["next"] == "STOP"
    assert "task" not in answer


def test_an_execution_that_takes_over_keeps_the_pace_of_the_one_before(poll: Poller) -> None:
    module = importlib.import_module("poll_for_task")
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    module.LAST_PACE.keep(an_hour_ago, Pace(seconds_a_poll=2, paid_until=3_600 + 90))
    answer = poll(Service({"taskObject": TASK}, {"terminate": False}))
    assert answer["next"] == "WAIT"
    assert answer["loop"]["polls"] == 0
    assert answer["loop"]["pace"]["seconds_a_poll"] == 2


def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, float], dict[str, str]]]:
    """What the poller counts from now on, with the metrics' dimensions."""
    emitted: list[tuple[dict[str, float], dict[str, str]]] = []
    for writer in ("emit", "emit_for_dashboard"):
        monkeypatch.setattr(telemetry, writer, lambda values, **more: emitted.append((values, more)))
    return emitted


def test_a_throttled_poll_counts_as_an_error_of_its_kind(
    poll: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    emitted = counted(monkeypatch)
    throttled = ClientError({"Error": {"Code": "ThrottlingException"}}, "PollForTask")
    answer = poll(Service(throttled, {"terminate": False}))
    assert answer["next"] == "WAIT"
    assert emitted == [({"PollErrors": 1}, {"Error": "ThrottlingException"})]


def test_a_held_poll_that_is_not_answered_is_an_error_and_a_short_one_is_not(
    lingering: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    emitted = counted(monkeypatch)
    silence = ReadTimeoutError(endpoint_url="")
    assert lingering(Service(silence, {}, []))["next"] == "STOP"
    assert emitted == []
    with pytest.raises(PollingFailed, match="None of this execution's polls was answered"):
        lingering(Service(silence, {}, [execution(None)]))
    assert emitted == [({"PollErrors": 1}, {"Error": "NotAnswered"})]


def test_an_execution_whose_polls_were_all_in_vain_fails_and_says_why(
    poll: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    throttled = ClientError({"Error": {"Code": "ThrottlingException"}}, "PollForTask")
    module = importlib.import_module("poll_for_task")
    limits = dataclasses.replace(module.CONFIGURATION.limits, period=5)
    monkeypatch.setattr(module, "CONFIGURATION", dataclasses.replace(module.CONFIGURATION, limits=limits))
    with pytest.raises(PollingFailed, match="an account has 2 polls a second"):
        poll(Service(throttled, {}))


@pytest.mark.parametrize(
    ("answer", "asked_for", "received"),
    [({}, False, None), ({}, True, 0), ({"taskObject": TASK}, False, None), ({"taskObject": TASK}, True, 1)],
)
def test_tasks_and_empty_polls_are_counted_where_there_is_an_alarm_on_them(
    poll: Poller,
    monkeypatch: pytest.MonkeyPatch,
    answer: dict[str, Any],
    asked_for: bool,
    received: int | None,
) -> None:
    emitted = counted(monkeypatch)
    module = importlib.import_module("poll_for_task")
    configuration = dataclasses.replace(module.CONFIGURATION, count_tasks=asked_for)
    monkeypatch.setattr(module, "CONFIGURATION", configuration)
    poll(Service(answer, {}))
    assert [values["TasksReceived"] for values, _ in emitted if "TasksReceived" in values] == (
        [] if received is None else [received]
    )
