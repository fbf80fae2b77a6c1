"""A task in a container: taken once, run to its end, and told."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from container import entry
from container.context import LONGEST_SECONDS, ContainerContext
from container.objects import Found, TaskObjects
from runner import Deferred, Finished, Outcome, Task, handler, task_handler
from runner.environment import CONTAINER_VARIABLE
from runner.testing import FakeDataPipeline, task_event
from tests.unit.fake_s3 import FakeS3

FOLDER = "containers/Load-12345678-abc/"


@pytest.fixture(autouse=True)
def not_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "_stopping", False)


@pytest.fixture
def objects(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> TaskObjects:
    """A container's objects, in which RunTask has put the event."""
    monkeypatch.setenv(CONTAINER_VARIABLE, f"s3://claims/{FOLDER}")
    monkeypatch.setenv("PROGRESS_INTERVAL_SECONDS", "0.6")  # A hundred times as fast.
    s3.objects["claims", f"{FOLDER}event.json"] = json.dumps(task_event({"command": "true"})).encode()
    return TaskObjects.of_container(s3)  # type: ignore[arg-type]


def test_only_one_container_takes_a_task(objects: TaskObjects) -> None:
    assert objects.begin("first")
    assert not objects.begin("second")
    assert objects.begin("first"), "the answer to its first request may have been lost"


def test_what_a_container_has_written_can_be_found(objects: TaskObjects) -> None:
    assert (objects.found().begun, objects.found().outcome) == (False, None)
    objects.begin("first")
    assert objects.found() == Found(begun=True, outcome=None, container="first")
    objects.end({"status": "FINISHED"})
    assert objects.found().outcome == {"status": "FINISHED"}


def test_an_outcome_that_cannot_be_written_at_once_is_written_later(
    objects: TaskObjects, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        s3.denied.clear()

    monkeypatch.setattr(time, "sleep", wait)
    s3.denied.add("claims")
    entry.tell(objects, {"status": "FINISHED"})
    assert (objects.found().outcome, waits) == ({"status": "FINISHED"}, [1])
    s3.denied.add("claims")
    with pytest.raises(ClientError):
        entry.tell(objects, {"status": "FINISHED"}, tries=1)


def run(work: Callable[[Task], Outcome | None], objects: TaskObjects, stop: entry.Stop | None = None) -> Any:
    context = ContainerContext("ecs-task")
    return entry.until_ended(task_handler(work), objects.event(), context, stop or entry.Stop())


def test_a_handler_has_days_in_a_container(objects: TaskObjects, service: FakeDataPipeline) -> None:
    seen: list[float] = []

    def work(task: Task) -> None:
        seen.append(task.seconds_left)

    assert run(work, objects) == {"status": "FINISHED"}
    assert LONGEST_SECONDS - 30 < seen[0] < LONGEST_SECONDS


def test_attempt_timeout_ends_the_work(objects: TaskObjects, service: FakeDataPipeline, s3: FakeS3) -> None:
    event = task_event({"attemptTimeout": "1 second"})
    s3.objects["claims", f"{FOLDER}event.json"] = json.dumps(event).encode()

    def work(task: Task) -> None:
        time.sleep(30)

    response = run(work, objects)
    assert (response["status"], response["errorId"]) == ("FAILED", "AttemptTimeout")


def test_a_handler_that_defers_is_called_again_with_its_state(
    objects: TaskObjects, service: FakeDataPipeline
) -> None:
    states: list[Any] = []

    def work(task: Task) -> Outcome:
        states.append(task.state)
        return Finished() if task.state == 2 else Deferred((task.state or 0) + 1, 10)

    began = time.monotonic()
    assert run(work, objects) == {"status": "FINISHED"}
    assert states == [None, 1, 2]
    assert 0.2 <= time.monotonic() - began < 5, "two waits of 10 s, a hundred times as fast"


def test_sigterm_cancels_the_task(objects: TaskObjects, service: FakeDataPipeline) -> None:
    stop = entry.Stop()
    before = signal.getsignal(signal.SIGTERM)

    def work(task: Task) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        task.wait(20)
        task.check_canceled()

    try:
        stop.listen()
        assert run(work, objects, stop) == {"status": "CANCELED"}
    finally:
        signal.signal(signal.SIGTERM, before)


def test_sigterm_before_the_task_is_open_cancels_it_too(
    objects: TaskObjects, service: FakeDataPipeline
) -> None:
    handler.cancel_task()
    seen: list[bool] = []
    assert run(lambda task: seen.append(task.canceled), objects) == {"status": "CANCELED"}
    assert seen == [True]


def test_a_container_that_is_to_stop_while_it_waits_lets_the_handler_stop_its_work(
    objects: TaskObjects, service: FakeDataPipeline
) -> None:
    stop = entry.Stop()
    calls: list[tuple[Any, bool]] = []

    def work(task: Task) -> Outcome | None:
        calls.append((task.state, task.canceled))
        if task.canceled:
            return None
        threading.Timer(0.2, stop._stop, (signal.SIGTERM, None)).start()
        return Deferred("query-7", 240)

    began = time.monotonic()
    assert run(work, objects, stop) == {"status": "CANCELED"}
    assert calls == [(None, False), ("query-7", True)]
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("answer", [None, {"status": "FALSE"}])
def test_a_handler_without_the_decorator_is_run_too(answer: Any, objects: TaskObjects) -> None:
    """The contract is JSON: whatever it returns is passed on, as a function's return value is."""
    said = entry.until_ended(
        lambda event, context: answer, objects.event(), ContainerContext("x"), entry.Stop()
    )
    assert said == (answer or {"status": "FINISHED"})


def test_a_handler_that_cannot_be_loaded_is_a_failure_with_a_reason(
    objects: TaskObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASK_HANDLER", "activities.no_such_module.handler")
    response = entry.run(objects.event(), "ecs-task", entry.Stop())
    assert (response["status"], response["errorId"]) == ("FAILED", "ModuleNotFoundError")
    assert "no_such_module" in response["errorMessage"]


def test_packages_that_cannot_be_installed_are_a_failure_with_a_reason(
    objects: TaskObjects, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TASK_PACKAGES", '["postgresql15"]')
    monkeypatch.setenv("PATH", str(tmp_path))
    response = entry.run(objects.event(), "ecs-task", entry.Stop())
    assert response["errorId"] == "PackagesNotInstalled"
    assert "dnf, microdnf, yum" in response["errorMessage"]
    manager = tmp_path / "microdnf"
    manager.write_text('#!/bin/sh\necho "No match for argument: $3"\nexit 1\n')
    manager.chmod(0o755)
    response = entry.run(objects.event(), "ecs-task", entry.Stop())
    assert response["errorId"] == "PackagesNotInstalled"
    assert "No match for argument: postgresql15" in response["errorMessage"]


def test_an_ecs_task_knows_its_id_or_takes_a_random_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", "http://127.0.0.1:9")  # Nobody listens there.
    assert entry.identity() != entry.identity()


@pytest.mark.parametrize("answer", [[1], "done", {"status": "DONE"}, {}])
def test_an_answer_that_is_no_outcome_is_a_failure_as_in_a_function(
    answer: Any, objects: TaskObjects
) -> None:
    said = entry.until_ended(
        lambda event, context: answer, objects.event(), ContainerContext("x"), entry.Stop()
    )
    assert (said["status"], said["errorId"]) == ("FAILED", "InvalidOutcome")


def test_a_sigterm_that_a_command_sends_makes_no_cancellation(
    objects: TaskObjects, service: FakeDataPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would report it, as if Data Pipeline had canceled the task."""

    def work(task: Task) -> None:
        os.kill(os.getpid(), signal.SIGTERM)  # As `pkill python3` does.
        task.wait(20)
        task.check_canceled()

    def ended(code: int) -> None:
        raise SystemExit(code)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(entry, "load", lambda name: task_handler(work))
    monkeypatch.setenv("TASK_HANDLER", "x.handler")
    monkeypatch.setattr("runner.environment.close_memory", lambda: True)
    monkeypatch.setattr("runner.clients.s3", lambda: objects.s3)
    monkeypatch.setattr(os, "_exit", ended)
    try:
        with pytest.raises(SystemExit) as error:
            entry.main()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert error.value.code == 143
    assert (objects.found().begun, objects.found().outcome) == (True, None)
