"""The poller as PollLoop invokes it, with the service's answers in its hands."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from runner import clients

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

    def __init__(self, answer: Mapping[str, Any], heartbeat: Mapping[str, Any] | Exception) -> None:
        self.answer = answer
        self.heartbeat = heartbeat

    def poll_for_task(self, **_: str) -> Mapping[str, Any]:
        return self.answer

    def report_task_runner_heartbeat(self, **_: str) -> Mapping[str, Any]:
        if isinstance(self.heartbeat, Exception):
            raise self.heartbeat
        return self.heartbeat


Poller = Callable[[Service], dict[str, Any]]


@pytest.fixture
def poll(monkeypatch: pytest.MonkeyPatch, poller_environment: None) -> Poller:
    module: ModuleType = importlib.import_module("poll_for_task")

    def invoke(service: Service) -> dict[str, Any]:
        monkeypatch.setattr(module, "CLIENT", service)
        monkeypatch.setattr(clients, "data_pipeline", lambda: service)
        event = {"loop": {}, "startedAt": datetime.now(UTC).isoformat()}
        answer: dict[str, Any] = module.handler(event, SimpleNamespace(aws_request_id="r"))
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
