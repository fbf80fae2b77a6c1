"""The poller as PollLoop invokes it, with the service's answers in its hands."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from poller.envelope import execution_name
from poller.pace import LastPace, Pace
from runner import clients, telemetry

TASK = {
    "taskId": "T1",
    "pipelineId": "df-1",
    "attemptId": "@A_Attempt=1",
    "objects": {
        "@A_Attempt=1": {"fields": [{"key": "type", "stringValue": "ShellCommandActivity"}]},
    },
}


class Service:
    """PollForTask and the heartbeat; ``heartbeat`` is what the latter answers, or raises."""

    def __init__(
        self, answer: Mapping[str, Any] | Exception, heartbeat: Mapping[str, Any] | Exception
    ) -> None:
        self.answer = answer
        self.heartbeat = heartbeat
        self.timeouts: list[float] = []
        """After how many seconds each poll would have been given up."""

    def poll_for_task(self, **_: str) -> Mapping[str, Any]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def report_task_runner_heartbeat(self, **_: str) -> Mapping[str, Any]:
        if isinstance(self.heartbeat, Exception):
            raise self.heartbeat
        return self.heartbeat


class Executions:
    """ListExecutions, newest first, of the worker groups of a stack."""

    def __init__(self, *executions: Mapping[str, Any], refused: bool = False) -> None:
        self._executions = executions
        self._refused = refused

    def list_executions(self, **request: Any) -> dict[str, Any]:
        if self._refused:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListExecutions")
        wanted = request.get("statusFilter")
        found = [run for run in self._executions if wanted in (None, run["status"])]
        return {"executions": found[: request["maxResults"]]}


def execution(worker_group: str, *, minutes_ago: float | None = None) -> dict[str, Any]:
    """A RunTask execution that ended so long ago; without that, one that is running."""
    name = execution_name({"attemptId": "@A", "taskId": "T", "workerGroup": worker_group}, poll_id="p")
    if minutes_ago is None:
        return {"name": name, "status": "RUNNING"}
    return {
        "name": name,
        "status": "SUCCEEDED",
        "stopDate": datetime.now(UTC) - timedelta(minutes=minutes_ago),
    }


Poller = Callable[[Service], dict[str, Any]]


@pytest.fixture
def poll(monkeypatch: pytest.MonkeyPatch, poller_environment: None) -> Poller:
    module: ModuleType = importlib.import_module("poll_for_task")
    monkeypatch.setattr(module, "LAST_PACE", LastPace())

    def invoke(service: Service) -> dict[str, Any]:
        def polling(timeout: float) -> Service:
            service.timeouts.append(timeout)
            return service

        monkeypatch.setattr(clients, "polling", polling)
        monkeypatch.setattr(clients, "data_pipeline", lambda: service)
        event = {"loop": {}, "startedAt": datetime.now(UTC).isoformat()}
        answer: dict[str, Any] = module.handler(
            event, SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: 40_000)
        )
        return answer

    return invoke


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


def test_a_throttled_poll_counts_as_an_error_of_its_kind_and_not_as_one_of_the_stack(
    poll: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    emitted: list[tuple[dict[str, float], dict[str, str]]] = []
    monkeypatch.setattr(telemetry, "emit", lambda values, **more: emitted.append((values, more)))
    throttled = ClientError({"Error": {"Code": "ThrottlingException"}}, "PollForTask")
    answer = poll(Service(throttled, {"terminate": False}))
    assert answer["next"] == "WAIT"
    assert [more for values, more in emitted if "PollErrors" in values] == [{"Error": "ThrottlingException"}]


@pytest.mark.parametrize(
    ("answer", "asked_for", "received"),
    [({}, False, None), ({}, True, 0), ({"taskObject": TASK}, False, 1), ({"taskObject": TASK}, True, 1)],
)
def test_empty_polls_are_counted_where_there_is_an_alarm_on_them(
    poll: Poller,
    monkeypatch: pytest.MonkeyPatch,
    answer: dict[str, Any],
    asked_for: bool,
    received: int | None,
) -> None:
    emitted: dict[str, float] = {}
    monkeypatch.setattr(telemetry, "emit", lambda values, **_: emitted.update(values))
    module = importlib.import_module("poll_for_task")
    configuration = dataclasses.replace(module.CONFIGURATION, count_empty_polls=asked_for)
    monkeypatch.setattr(module, "CONFIGURATION", configuration)
    poll(Service(answer, {}))
    assert emitted.get("TasksReceived") == received
    assert emitted["Polls"] == 1


@pytest.mark.parametrize(
    ("executions", "timeout"),
    [
        (Executions(execution("etl")), 95),
        (Executions(execution("etl", minutes_ago=9)), 95),
        (Executions(execution("other"), execution("etl", minutes_ago=9)), 95),
        (Executions(execution("etl", minutes_ago=11), execution("etl", minutes_ago=9)), 95),
        (Executions(execution("etl", minutes_ago=11)), 10),
        (Executions(execution("other"), execution("other", minutes_ago=1)), 10),
        (Executions(), 10),
        (Executions(execution("etl"), refused=True), 10),
    ],
)
def test_a_group_with_work_holds_its_polls(
    poll: Poller, monkeypatch: pytest.MonkeyPatch, executions: Executions, timeout: int
) -> None:
    """If ListExecutions is refused, the group is polled as if it slept."""
    module = importlib.import_module("poll_for_task")
    limits = dataclasses.replace(module.CONFIGURATION.limits, linger=600)
    monkeypatch.setattr(module, "CONFIGURATION", dataclasses.replace(module.CONFIGURATION, limits=limits))
    monkeypatch.setattr(clients, "step_functions", lambda: executions)
    service = Service({"taskObject": TASK}, {})
    assert poll(service)["next"] == "START"
    assert service.timeouts == [timeout]
