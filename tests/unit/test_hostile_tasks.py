"""Whatever a task contains, it runs or is refused with a reason, and it fits into a state machine."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poller.envelope import receive
from poller.pace import LastPace
from runner import Task, clients, task_handler
from runner.handler import open_task
from runner.testing import Context, FakeDataPipeline

NOW = datetime(2026, 11, 24, tzinfo=UTC)
STATE_BYTES = 262_144
"""The largest input of a state (Step Functions quotas)."""

NASTY = [
    "",
    "{% $states.context.Execution.Input %}",
    "{% ( $f := function($x) { $f($x) }; $f(1) ) %}",
    "$.task.objects",
    "$$.Execution.Id",
    "States.Format('{}', $.x)",
    "#{node.*password}",
    "#{" * 50,
    "__proto__",
    "constructor",
    "a.b['c'].\"d\"",
    "'; DROP TABLE tasks; --",
    "\u0000\u0007\u001b[2J",
    "\ud800",
    "\udfff\ud800",
    "\ufffe\uffff",
    "\U0001f600",
    "\u202e",
    "x" * 10_240,
    "\u0001" * 10_240,
    "ShellCommandActivity",
    "Exists",
]
texts = st.sampled_from(NASTY) | st.text(max_size=40)
keys = st.sampled_from(["type", "myHandler", "command", "*password", "*", "id", "attemptTimeout"]) | texts
values = st.fixed_dictionaries({}, optional={"stringValue": texts, "refValue": texts})
good_fields = st.builds(lambda key, value: {"key": key, **value}, keys, values)
bad_fields = st.none() | st.integers() | texts | st.fixed_dictionaries({"key": st.none() | st.integers()})
objects = st.fixed_dictionaries(
    {"fields": st.lists(good_fields | bad_fields, max_size=8) | st.none()},
    optional={"id": texts, "name": texts},
)
TYPE = {"key": "type", "stringValue": "ShellCommandActivity"}
typed: st.SearchStrategy[Any] = st.builds(
    lambda fields, more: {"fields": [TYPE, *fields], **more},
    st.lists(good_fields | bad_fields, max_size=8),
    st.fixed_dictionaries({}, optional={"id": texts, "name": texts}),
)
ids = st.sampled_from(["@A_2024-01-01T00:00:00_Attempt=1", "__proto__", "a.b", "x" * 5_000]) | texts
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def task_objects(draw: st.DrawFn) -> dict[str, Any]:
    attempt_id = draw(ids)
    found: dict[str, Any] = draw(st.dictionaries(ids, objects, max_size=4))
    if draw(st.integers(0, 3)):
        found[attempt_id] = draw(typed)
    if draw(st.integers(0, 9)) == 0:
        large = {"fields": [{"key": f"my{n}", "stringValue": "y" * 7_500} for n in range(2)]}
        found.update({f"Large{number}": large for number in range(100)})
    return {
        "taskId": "T+/=:1",
        "pipelineId": draw(st.none() | texts | st.just("df-1")),
        "attemptId": draw(st.sampled_from([attempt_id, attempt_id, attempt_id, None])),
        "objects": draw(st.just(found) | st.just(found) | st.just(found) | anything),
    }


def received(task: dict[str, Any], worker_group: str = "etl") -> Any:
    return receive(task, worker_group=worker_group, received_at=NOW)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(task=task_objects(), worker_group=st.sampled_from(["etl", "w" * 10_240, *NASTY]))
def test_every_task_runs_or_says_why_not_and_fits_into_a_state(
    task: dict[str, Any], worker_group: str
) -> None:
    result = received(task, worker_group)
    envelope = result.envelope
    written = json.dumps({**envelope, "workerGroup": "etl"}, ensure_ascii=False).encode()
    assert len(json.dumps(envelope)) < STATE_BYTES - 60_000
    if "refusal" in envelope:
        assert envelope["refusal"]["errorId"] == "MalformedTask"
        assert len(envelope["refusal"]["errorMessage"]) > 30
        assert envelope["objects"] == {}
    else:
        assert 1 <= len(envelope["route"]) <= 1_024
        assert result.claim is not None or envelope["objects"] == task["objects"]
    assert b'"key": "*' not in written


@task_handler
def reads_everything(task: Task) -> None:
    """Reads every field in every way, and fails as handlers do."""
    for name in ("command", "attemptTimeout", "myHandler", "__proto__"):
        task.strings(name)
    task.string("command", "none")
    task.duration("attemptTimeout", None) if "attemptTimeout" in task else None
    task.logger.info("Read", fields=dict(task.attempt.string_fields))
    task.references("input")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(task=task_objects())
def test_a_handler_answers_every_task_that_it_is_given(
    task: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = FakeDataPipeline()
    monkeypatch.setattr(clients, "data_pipeline", lambda: service)
    result = received(task)
    if "refusal" in result.envelope:
        return
    envelope = json.loads(json.dumps(result.envelope))
    if result.claim is not None:
        envelope["objects"] = json.loads(json.dumps(result.claim))
    answer = reads_everything({"task": envelope, "state": None, "canceled": False}, Context())  # type: ignore[arg-type]
    assert answer["status"] in ("FINISHED", "FAILED")
    assert len(json.dumps(answer, ensure_ascii=False).encode()) < STATE_BYTES
    if answer["status"] == "FAILED":
        assert answer["errorId"]
        assert answer["errorMessage"]


def test_a_claim_brings_back_what_could_not_travel() -> None:
    field = {"key": "command", "stringValue": "\ud800"}
    task = {
        "taskId": "T",
        "pipelineId": "df-1",
        "attemptId": "@A",
        "objects": {"@A": {"fields": [{"key": "type", "stringValue": "Exists"}, field]}},
    }
    result = received(task)
    assert result.envelope["objects"] == {}
    assert json.loads(json.dumps(result.claim)) == task["objects"]
    event = {"task": {**result.envelope, "objects": result.claim}}
    assert open_task(event, seconds_left=lambda: 1.0).string("command") == "\ud800"


@pytest.mark.parametrize("key", ["attemptId", "pipelineId"])
@pytest.mark.parametrize("bad", ["x" * 300_000, "a\ud800b", "bell\u0007"])
def test_an_id_that_the_service_would_not_take_is_refused_by_name(key: str, bad: str) -> None:
    fields = [{"key": "type", "stringValue": "Exists"}]
    ids = {"attemptId": "@A", "pipelineId": "df-1", key: bad}
    envelope = received({"taskId": "T", **ids, "objects": {ids["attemptId"]: {"fields": fields}}}).envelope
    assert key in envelope["refusal"]["errorMessage"]
    assert len(json.dumps(envelope)) < 20_000


@pytest.mark.parametrize("key", ["type", "myHandler"])
@pytest.mark.parametrize("bad", ["t" * 300_000, "a\ud800b", "bell\u0007"])
def test_a_type_that_no_handler_can_have_is_refused_and_fits_into_a_state(key: str, bad: str) -> None:
    fields = [{"key": "type", "stringValue": "Exists"}, {"key": key, "stringValue": bad}]
    objects = {"@A": {"fields": fields[-1:] if key == "type" else fields}}
    envelope = received({"taskId": "T", "attemptId": "@A", "pipelineId": "df-1", "objects": objects}).envelope
    assert envelope["refusal"]["errorId"] == "MalformedTask"
    assert "type or myHandler" in envelope["refusal"]["errorMessage"]
    assert len(json.dumps(envelope)) < 20_000


def test_objects_that_refer_to_each_other_in_a_circle_are_read() -> None:
    def described_by(other: str) -> dict[str, Any]:
        return {"fields": [{"key": "type", "stringValue": "Exists"}, {"key": "input", "refValue": other}]}

    task = {
        "taskId": "T",
        "pipelineId": "df-1",
        "attemptId": "@A",
        "objects": {"@A": described_by("B"), "B": described_by("@A")},
    }
    opened = open_task({"task": received(task).envelope}, seconds_left=lambda: 1.0)
    assert opened.reference("input").reference_ids("input") == ["@A"]


Poller = Callable[[Any], dict[str, Any]]


@pytest.fixture
def poll(monkeypatch: pytest.MonkeyPatch, poller_environment: None) -> Poller:
    module = importlib.import_module("poll_for_task")
    answers: list[Any] = []
    service = SimpleNamespace(
        poll_for_task=lambda **_: answers.pop(),
        report_task_runner_heartbeat=lambda **_: {"terminate": False},
        put_object=lambda **_: {},
    )
    monkeypatch.setattr(clients, "polling", lambda timeout: service)
    monkeypatch.setattr(clients, "data_pipeline", lambda: service)
    monkeypatch.setattr(clients, "s3", lambda: service)

    def once(answer: Any) -> dict[str, Any]:
        answers.append(answer)
        monkeypatch.setattr(module, "LAST_PACE", LastPace())  # Each group has its own loop.
        event = {"loop": {}, "startedAt": datetime.now(UTC).isoformat()}
        said: dict[str, Any] = module.handler(
            event, SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: 40_000)
        )
        return said

    return once


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(task=task_objects() | anything)
def test_the_poller_goes_on_whatever_it_is_answered(task: Any, poll: Poller) -> None:
    said = poll({"taskObject": task})
    assert said["next"] in ("START", "STOP")
    assert ("task" in said) is (said["next"] == "START")
    assert len(json.dumps(said, ensure_ascii=False).encode()) < STATE_BYTES


@pytest.mark.parametrize("task_id", [None, "", 7, "x" * 2_049, "a\ud800"])
def test_a_task_that_cannot_be_answered_for_is_no_task(poll: Poller, task_id: Any) -> None:
    assert poll({"taskObject": {"taskId": task_id, "attemptId": "@A"}})["next"] == "STOP"
