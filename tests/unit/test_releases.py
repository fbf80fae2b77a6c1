"""What each release has written, as it was recorded, is read by the code of today: docs/upgrading.md."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from activities import redshift_copy_activity, sql_activity
from container.ended import Ending
from container.objects import Found
from copying.progress import Progress
from poller.loop import LoopState
from poller.pace import Pace
from runner import Outcome, Task, clients, task_handler, versions
from runner.testing import Context, run_handler

ROOT = Path(__file__).parents[2]
RECORDS = sorted((Path(__file__).parent / "releases").glob("*.json"))
LATEST = json.loads(RECORDS[-1].read_text())
ATTEMPT = [
    {"key": "type", "stringValue": "ShellCommandActivity"},
    {"key": "command", "stringValue": "echo hello"},
]

each_release = pytest.mark.parametrize(
    "record", [json.loads(file.read_text()) for file in RECORDS], ids=[file.stem for file in RECORDS]
)


@task_handler
def reading(task: Task) -> Outcome | None:
    assert task.string("command") == "echo hello"
    assert (task.pipeline_id, task.worker_group) == ("df-0123456789ABCDEFGHIJ", "etl")
    return None


@pytest.fixture
def claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """The claim of the recorded envelope."""
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    attempt = "@Load_2026-11-27T10:00:00_Attempt=1"
    body = json.dumps({attempt: {"id": attempt, "name": attempt, "fields": ATTEMPT}}).encode()
    stub = Stubber(s3)
    answer = {"Body": StreamingBody(io.BytesIO(body), len(body))}
    stub.add_response("get_object", answer, {"Bucket": "claims", "Key": "claims/Load-0a1b2c3d"})
    stub.activate()
    monkeypatch.setattr(clients, "s3", lambda: s3)


@each_release
def test_its_envelopes_are_read(record: Mapping[str, Any], claims: None) -> None:
    assert record["envelopes"]
    for envelope in record["envelopes"]:
        event = {"task": envelope, "state": None, "canceled": False}
        assert reading(event, Context()) == {"status": "FINISHED"}  # type: ignore[arg-type]


def test_the_envelope_of_a_later_release_fails_the_task_and_says_why() -> None:
    event = {"task": {**LATEST["envelopes"][0], "version": versions.ENVELOPE + 1}, "state": None}
    response = reading(event, Context())  # type: ignore[arg-type]
    assert (response["status"], response["errorId"]) == ("FAILED", "LaterVersion")
    assert "earlier release" in response["errorMessage"]


@each_release
@pytest.mark.parametrize("type_name", ["SqlActivity", "RedshiftCopyActivity"])
def test_its_deferred_statements_are_looked_at(
    record: Mapping[str, Any], type_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers = {"SqlActivity": sql_activity, "RedshiftCopyActivity": redshift_copy_activity}
    client = boto3.client("redshift-data", region_name="eu-west-1")
    monkeypatch.setattr(clients, "redshift_data", {"eu-west-1": client}.__getitem__)
    state = record["states"][type_name]
    with Stubber(client) as stub:
        created = {"CreatedAt": datetime(2026, 11, 27, tzinfo=UTC)}
        answer = {"Id": state["statement"], "Status": "FINISHED", **created}
        stub.add_response("describe_statement", answer, {"Id": state["statement"]})
        response = run_handler(handlers[type_name].handler, {"type": type_name}, state=state)
        assert response == {"status": "FINISHED"}
        stub.assert_no_pending_responses()


@each_release
def test_its_copies_go_on_where_they_were(record: Mapping[str, Any]) -> None:
    state = record["states"]["CopyActivity"]
    progress = Progress.of(state)
    assert (progress.objects, progress.after) == (state["objects"], state["after"])
    assert {**progress.as_state(), "version": state["version"]} == state


@each_release
def test_what_it_told_poll_loop_and_run_task_is_understood(record: Mapping[str, Any]) -> None:
    state = LoopState.from_json(record["loop"], pace=Pace())
    assert (state.polls, state.events, state.running, state.awake) == (3, 52, 2, True)
    ending = Ending.of_event(record["containerEnded"], Found(begun=False, outcome=None))
    assert ending.judge()["status"] == "DEFERRED"


@pytest.mark.parametrize("type_name", LATEST["states"])
def test_the_state_of_a_later_release_fails_the_task_and_shows_what_it_had_started(type_name: str) -> None:
    handlers = {"SqlActivity": sql_activity, "RedshiftCopyActivity": redshift_copy_activity}
    state = {**LATEST["states"][type_name], "version": versions.STATE + 1}
    if type_name in handlers:
        response = run_handler(handlers[type_name].handler, {"type": type_name}, state=state)
        assert response["errorId"] == "LaterVersion"
        assert state["statement"] in response["errorMessage"]
    else:
        with pytest.raises(Exception, match="version"):
            Progress.of(state)


def test_todays_shapes_are_those_of_the_latest_release_unless_their_version_is_higher() -> None:
    """If this fails, old code could not read new states: raise the version, and record a release."""
    if LATEST["states"]["CopyActivity"]["version"] == versions.STATE:
        assert Progress(1, "a").as_state().keys() == LATEST["states"]["CopyActivity"].keys()
    assert LATEST["envelopes"][0]["version"] <= versions.ENVELOPE
    assert LATEST["loop"].keys() <= LoopState().as_json().keys()


def test_each_release_of_the_changelog_is_recorded() -> None:
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert sorted(released) == [file.stem for file in RECORDS]
    page = (ROOT / "docs" / "upgrading.md").read_text()
    assert all(f"| {version} |" in page for version in released)
