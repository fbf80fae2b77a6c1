"""Finds out how AWS Data Pipeline behaves where its documentation leaves that open.

It is harmless: pipelines of its own, whose one activity nothing runs, for a worker group that nobody else
polls.
What it finds are settings of local AWS (docs/local-aws.md, Data Pipeline).
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pipelines.live.client import Connection
from pipelines.verifying.echo import OwnPipeline

_SECRET = "sesame-of-the-probe"  # noqa: S105 - it protects nothing
_BACKSLASHES = "a\\\\b"
_VALUE = "value-of-the-parameter"
_HOSTNAME = "pipelines-probe"
_LONGEST_HOLD_SECONDS = 100.0
_PATIENCE_HOLDS = 6
"""How many times as long as a poll is held a task may take to come."""


@dataclass
class Probed:
    """What was found out."""

    settings: dict[str, str] = field(default_factory=dict)
    """By the name of the setting."""
    notes: list[str] = field(default_factory=list)
    """What was seen, for the report."""

    def set(self, name: str, value: str, seen: str) -> None:
        """Note a setting and what it rests on."""
        self.settings[name] = value
        self.notes.append(f"{name}={value}: {seen}")

    def lines(self) -> Iterator[str]:
        """The options for local AWS."""
        yield from (f"--setting {name}={value}" for name, value in self.settings.items())


def run_probe(connection: Connection) -> int:
    """Probe, and print settings and report. Returns the exit code. Raises errors of botocore."""

    def tell(line: str) -> None:
        print(f"probe: {line}", file=sys.stderr, flush=True)

    found = Probe(connection, tell).run()
    for line in found.lines():
        print(line)
    print(f"\nReport of python -m pipelines verify --probe, {datetime.now(UTC):%Y-%m-%d}:")
    for note in found.notes:
        print(f"- {note}")
    return 0


class Probe:
    """One run of the probe."""

    def __init__(self, connection: Connection, tell: Callable[[str], None]) -> None:
        # One HTTP request a poll: botocore would repeat it silently.
        once = {"total_max_attempts": 1}
        self._client = connection.client("datapipeline")
        self._polling = connection.client("datapipeline", retries=once, read_timeout=_LONGEST_HOLD_SECONDS)
        self._connection = connection
        self._tell = tell
        self._group = f"pipelines-probe-{uuid.uuid4().hex[:8]}"
        self._bodies: list[bytes] = []
        self._found = Probed()
        self._hold = 90.0
        self._polling.meta.events.register("before-parse.data-pipeline.PollForTask", self._keep_body)

    def _keep_body(self, response_dict: Mapping[str, Any], **_: Any) -> None:
        self._bodies.append(response_dict["body"])

    def run(self) -> Probed:
        """All observations, one after the other. Raises errors of botocore."""
        self._empty_poll()
        with OwnPipeline(self._client, "pipelines-probe") as pipeline:
            self._unknown_type(pipeline)
            problems = pipeline.put(self._objects(), {"myProbe": _VALUE})
            if problems:
                self._found.notes.append(f"The service refuses the probe's pipeline: {'; '.join(problems)}")
                return self._found
            pipeline.activate()
            self._tell("waiting for the first task")
            task = self._task()
            if task is None:
                self._found.notes.append("No task came.")
                return self._found
            self._contents(task)
            task = self._offered_again(task) or task
            self._late(pipeline, task)
        with OwnPipeline(self._client, "pipelines-probe") as pipeline:
            pipeline.put(self._objects(), {"myProbe": _VALUE})
            self._dead_poll(pipeline)
        return self._found

    def _objects(self) -> dict[str, list[tuple[str, str]]]:
        return {
            "Default": [
                ("type", "Default"),
                ("scheduleType", "ondemand"),
                ("maximumRetries", "2"),
                ("workerGroup", self._group),
            ],
            "Probe": [
                ("type", "ShellCommandActivity"),
                ("command", "true #{myProbe}"),
                ("scriptArgument", _BACKSLASHES),
                ("*mySecret", _SECRET),
                ("myNode→", "Node"),
            ],
            "Node": [("type", "S3DataNode"), ("directoryPath", "s3://pipelines-probe/none/")],
        }

    def _empty_poll(self) -> None:
        self._tell("an empty poll, up to 90 s")
        start = time.monotonic()
        self._poll()
        self._hold = max(0.5, time.monotonic() - start)
        body = self._bodies[-1].strip() if self._bodies else b""
        value = "empty-body"
        if body:
            value = "null-task" if "taskObject" in json.loads(body) else "empty-object"
        self._found.set(
            "empty_poll",
            value,
            f"held for {self._hold:.1f} s, answered {body.decode('utf-8', 'replace')[:80] or 'nothing'}",
        )

    def _unknown_type(self, pipeline: OwnPipeline) -> None:
        objects = {**self._objects(), "Unknown": [("type", "ProbeUnknownActivity"), ("myField", "x")]}
        errors = pipeline.validate(objects)
        seen = "; ".join(errors)[:300] or "an object of a type that is not documented was taken"
        self._found.set("unknown_types", "refused" if errors else "kept", seen)

    def _contents(self, task: Mapping[str, Any]) -> None:
        """What the task's objects hold."""
        objects = task.get("objects") or {}
        attempt = objects.get(task.get("attemptId"), {})
        fields = {each["key"]: each for each in attempt.get("fields", [])}
        ids = len(objects)
        self._found.set("task_objects", "referenced" if ids > 1 else "attempt", f"the task has {ids} objects")
        command = fields.get("command", {}).get("stringValue", "")
        self._found.set(
            "task_expressions", "evaluated" if _VALUE in command else "raw", f"command is '{command}'"
        )
        secret = fields.get("*mySecret", {}).get("stringValue")
        plain = secret == _SECRET
        shown = "as it was put" if plain else "absent" if secret is None else f"'{secret[:20]}'"
        self._found.set("secret_fields", "plain" if plain else "masked", f"a field with * is {shown}")
        reference = fields.get("myNode", {}).get("refValue", "")
        self._found.set(
            "references",
            "instance" if reference.startswith("@") else "component",
            f"a reference is '{reference}'",
        )
        backslashes = fields.get("scriptArgument", {}).get("stringValue", "").count("\\")
        self._found.set(
            "doubled_backslashes",
            "kept" if backslashes > 1 else "halved",
            f"two backslashes arrive as {backslashes}",
        )

    def _offered_again(self, first: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What an unacknowledged task keeps."""
        self._tell("waiting until a task that nobody acknowledged is offered again, some minutes")
        again = self._task()
        if again is None:
            self._found.notes.append("A task that nobody acknowledged was not offered again.")
            return None
        same = again["taskId"] == first["taskId"]
        self._found.set(
            "reoffer_task_id", "same" if same else "new", "the taskId of a task that nobody acknowledged"
        )
        attempt = again["attemptId"] == first["attemptId"]
        seen = f"{first['attemptId'].rpartition('_')[2]}, then {again['attemptId'].rpartition('_')[2]}"
        self._found.set("reoffer_attempt", "same" if attempt else "next", seen)
        if not attempt:
            # A new attempt has a new task anyway: that says nothing of taskIds.
            self._found.settings.pop("reoffer_task_id")
        return again

    def _late(self, pipeline: OwnPipeline, task: Mapping[str, Any]) -> None:
        """What calls for a task that was canceled get."""
        from botocore.exceptions import ClientError

        self._tell("a task that is canceled")
        self._client.report_task_progress(taskId=task["taskId"])
        pipeline.cancel(task["attemptId"].rpartition("_Attempt=")[0])
        time.sleep(min(2.0, self._hold / 10))
        try:
            canceled = self._client.report_task_progress(taskId=task["taskId"])["canceled"]
            self._found.set("late_progress", "canceled", f"ReportTaskProgress says canceled={canceled}")
        except ClientError as error:
            self._found.set("late_progress", "refused", f"ReportTaskProgress: {_shown(error)}")
        try:
            self._client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
            self._found.set("late_status", "accepted", "SetTaskStatus of a canceled task succeeds")
        except ClientError as error:
            self._found.set("late_status", "refused", f"SetTaskStatus: {_shown(error)}")

    def _dead_poll(self, pipeline: OwnPipeline) -> None:
        """Whether a poll whose client has gone takes the next task with it."""
        from botocore.exceptions import ReadTimeoutError

        self._tell("a poll whose client goes away, then a task")
        gone = self._connection.client(
            "datapipeline", retries={"total_max_attempts": 1}, read_timeout=max(0.2, self._hold / 20)
        )
        with suppress(ReadTimeoutError):
            gone.poll_for_task(workerGroup=self._group, hostname=_HOSTNAME)
        start = time.monotonic()
        pipeline.activate()
        task = self._task()
        passed = time.monotonic() - start
        if task is None:
            self._found.notes.append("After a poll whose client had gone, no task came.")
            return
        noticed = passed < self._hold * 0.8
        seen = f"the task came after {passed:.1f} s"
        self._found.set("dead_poll", "noticed" if noticed else "swallows", seen)
        with suppress(Exception):
            self._client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")

    def _task(self) -> Mapping[str, Any] | None:
        """Poll until a task comes, for as long as that may take."""
        deadline = time.monotonic() + self._hold * _PATIENCE_HOLDS
        while time.monotonic() < deadline:
            if task := self._poll():
                return task
        return None

    def _poll(self) -> Mapping[str, Any] | None:
        answer = self._polling.poll_for_task(workerGroup=self._group, hostname=_HOSTNAME)
        found: Mapping[str, Any] | None = answer.get("taskObject") or None
        return found


def _shown(error: Any) -> str:
    details = error.response.get("Error", {})
    return f"{details.get('Code')}: {str(details.get('Message'))[:120]}"
