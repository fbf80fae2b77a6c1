"""From what the runbook's checks show to the cause."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.verifying.causes import Facts, Loop, before_the_echo, cause_of
from pipelines.verifying.hops import Hops

HEALTHY = Facts("etl", "TaskRunner", polled=["etl"], schedule="ENABLED", loops=[Loop("SUCCEEDED")])


@pytest.mark.parametrize(
    ("changes", "word", "anchor", "certain"),
    [
        ({"polled": []}, "no stack", "nothing-is-taken", True),
        ({"polled": ["Etl", "etl "]}, "'Etl', 'etl '", "nothing-is-taken", True),
        ({"schedule": "DISABLED"}, "DISABLED", "pausing", True),
        ({"schedule": ""}, "no schedule", "nothing-is-taken", True),
        (
            {"loops": [], "undelivered": "AccessDenied: no"},
            "ticks are not delivered",
            "ticksnotdelivered",
            True,
        ),
        ({"loops": []}, "no loop was started", "ticksnotdelivered", False),
        (
            {"loops": [Loop("FAILED", "PollingFailed")], "failed_poll": "AccessDeniedException"},
            "lost its permission",
            "nothing-is-taken",
            True,
        ),
        (
            {"loops": [Loop("FAILED", "States.TaskFailed")]},
            "PollLoop fails (States.TaskFailed)",
            "pollloopfailed",
            True,
        ),
        ({"failed_poll": "ThrottlingException"}, "throttled", "nothing-is-taken", False),
        ({"at_limit": True}, "max_concurrent_tasks", "nothing-is-taken", False),
        ({}, "given up", "nothing-is-taken", False),
        ({"execution": "RUNNING"}, "running", "a-task-is-running", False),
        (
            {"execution": "RUNNING", "function_errors": ["Lambda.ENILimitReachedException"]},
            "ENILimit",
            "a-task",
            False,
        ),
        (
            {"execution": "FAILED", "execution_error": "StatusNotReported"},
            "could not be reported",
            "tasksnot",
            True,
        ),
        (
            {"execution": "FAILED", "execution_error": "NotAcknowledged"},
            "not begun",
            "tasksnotreported",
            True,
        ),
        ({"attempt": "FAILED", "error_id": "NoHandlerForType"}, "no handler", "an-attempt-is-failed", True),
        ({"attempt": "FAILED", "error_id": "Runtime.ImportModuleError"}, "crashed", "handlercrashed", True),
        ({"attempt": "FAILED", "error_id": "CommandFailed"}, "CommandFailed", "an-attempt-is-failed", True),
    ],
)
def test_each_cause(changes: dict[str, object], word: str, anchor: str, certain: bool) -> None:
    cause = cause_of(replace(HEALTHY, **changes))  # type: ignore[arg-type]
    assert word in cause.what
    assert f"docs/runbook.md#{anchor}" in cause.page
    assert cause.is_certain is certain


def test_a_healthy_stack_is_tried() -> None:
    assert before_the_echo(HEALTHY) is None


def test_hops_are_shown_in_order_with_the_time_between_them() -> None:
    start = datetime(2026, 11, 27, 10, tzinfo=UTC)
    hops = Hops()
    hops.from_execution(
        {"receivedAt": "2026-11-27T10:00:01.500Z"},
        start + timedelta(seconds=2),
        {"ReportProgress": start + timedelta(seconds=2.25), "SetTaskStatus": start + timedelta(seconds=9)},
    )
    hops.note("ready", start)
    hops.note("ready", start + timedelta(hours=1))
    assert list(hops.lines()) == [
        "ready        10:00:00.000",
        "polled       10:00:01.500  +1.5 s",
        "started      10:00:02.000  +0.5 s",
        "acknowledged 10:00:02.250  +0.2 s",
        "done         10:00:09.000  +6.8 s",
    ]
