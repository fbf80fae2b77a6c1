"""How long a task had been ready."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from poller.ready_time import seconds_ready

RECEIVED = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)


def task(**fields: str) -> dict[str, Any]:
    return {
        "attemptId": "@A",
        "objects": {"@A": {"fields": [{"key": f"@{k}", "stringValue": v} for k, v in fields.items()]}},
    }


def test_from_the_start_of_the_attempt_not_from_its_schedule() -> None:
    given = task(scheduledStartTime="2026-01-01T00:00:00", actualStartTime="2026-01-01T12:00:00")
    assert seconds_ready(given, RECEIVED) == 30


def test_a_clock_that_is_ahead_makes_no_negative_time() -> None:
    assert seconds_ready(task(actualStartTime="2026-01-01T12:00:31"), RECEIVED) == 0


@pytest.mark.parametrize(
    "given", [{}, {"objects": None}, {"attemptId": "@A", "objects": {}}, task(actualStartTime="soon"), task()]
)
def test_a_task_that_does_not_say_is_not_counted(given: dict[str, Any]) -> None:
    assert seconds_ready(given, RECEIVED) is None
