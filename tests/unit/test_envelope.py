"""The envelope: what goes into a state machine's history, and what may not."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poller.envelope import MAX_INLINE_BYTES, Received, belongs_to, execution_name, receive
from tests.unit.pipeline_objects import ATTEMPT_ID, pipeline_object, task_object

NOW = datetime(2024, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def received(task: dict[str, Any]) -> Received:
    return receive(task, worker_group="etl", received_at=NOW)


def test_the_envelope_has_the_task_and_its_objects_as_they_came() -> None:
    task = task_object(command="echo hello")
    assert received(task).envelope == {
        "version": 1,
        "taskId": "AbC+/=:1",
        "pipelineId": "df-0123456789ABCDEFGHIJ",
        "attemptId": ATTEMPT_ID,
        "workerGroup": "etl",
        "type": "ShellCommandActivity",
        "route": "ShellCommandActivity",
        "receivedAt": "2024-05-01T12:00:00.250Z",
        "objects": task["objects"],
    }
    assert received(task).claim is None


def test_my_handler_decides_the_route() -> None:
    envelope = received(task_object(command="true", myHandler="resize-images")).envelope
    assert (envelope["type"], envelope["route"]) == ("ShellCommandActivity", "resize-images")


def test_secret_fields_travel_outside_the_envelope() -> None:
    task = task_object(("*password", "hunter2-canary"), command="true")
    task["objects"]["Db"] = pipeline_object("Db", ("*password", "other-canary"), username="me")
    result = received(task)
    assert "canary" not in json.dumps(result.envelope)
    assert "command" in json.dumps(result.envelope)
    assert result.claim == task["objects"]
    assert result.with_claim("s3://claims/x")["objectsUri"] == "s3://claims/x"


def test_a_large_task_keeps_its_small_fields_inline() -> None:
    result = received(task_object(command="x" * MAX_INLINE_BYTES, myNote="short"))
    assert len(json.dumps(result.envelope)) < MAX_INLINE_BYTES
    assert "short" in json.dumps(result.envelope)
    assert result.claim is not None


def test_a_task_of_very_many_fields_keeps_none_inline() -> None:
    result = received(task_object(*[(f"my{n}", "v" * 50) for n in range(5_000)]))
    assert len(json.dumps(result.envelope)) < MAX_INLINE_BYTES
    assert result.envelope["objects"] == {}
    assert result.claim is not None


@pytest.mark.parametrize("fields", [{"type": "PigActivity"}, {"myHandler": "added-a-minute-ago"}])
def test_whether_there_is_a_handler_is_left_to_run_task(fields: dict[str, str]) -> None:
    """It may have been deployed after this poll began."""
    task = task_object(**fields)
    envelope = received(task).envelope
    assert "refusal" not in envelope
    assert envelope["route"] in fields.values()
    assert envelope["objects"] == task["objects"]


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ({"attemptId": None}, "attemptId"),
        ({"objects": None}, "objects"),
        ({"objects": {}}, "objects"),
        ({"objects": {"Other": pipeline_object("Other")}}, ATTEMPT_ID),
        ({"objects": {ATTEMPT_ID: None}}, "type"),
        ({"objects": {ATTEMPT_ID: pipeline_object(ATTEMPT_ID)}}, "type"),
        ({"pipelineId": ""}, "pipelineId"),
    ],
)
def test_a_malformed_task_is_refused_with_what_is_missing(damage: dict[str, Any], named: str) -> None:
    refusal = received({**task_object(), **damage}).envelope["refusal"]
    assert refusal["errorId"] == "MalformedTask"
    assert named in refusal["errorMessage"]


def test_an_execution_name_is_stable_for_a_poll_and_new_for_the_next_offer() -> None:
    envelope = received(task_object()).envelope
    assert execution_name(envelope, poll_id="a") == execution_name(envelope, poll_id="a")
    assert execution_name(envelope, poll_id="a") != execution_name(envelope, poll_id="b")
    assert execution_name(envelope, poll_id="a").startswith("Load-")


def test_an_execution_name_tells_its_worker_group() -> None:
    name = execution_name(received(task_object()).envelope, poll_id="a")
    assert belongs_to(name, "etl")
    assert not belongs_to(name, "reports")
    assert not belongs_to("started-by-hand", "etl")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(
    objects=json_values | st.dictionaries(st.sampled_from([ATTEMPT_ID, "x", "__proto__"]), json_values),
    attempt=st.none() | st.text(max_size=20) | st.just(ATTEMPT_ID),
    group=st.text(max_size=20),
)
def test_no_answer_of_the_service_breaks_the_envelope(objects: Any, attempt: Any, group: str) -> None:
    task = {"taskId": "t", "pipelineId": "df-1", "attemptId": attempt, "objects": objects}
    envelope = receive(task, worker_group=group, received_at=NOW).envelope
    assert "refusal" in envelope or envelope["route"]
    assert re.fullmatch(r"[A-Za-z0-9-]{1,80}", execution_name(envelope, poll_id="p"))
    json.dumps(envelope)
