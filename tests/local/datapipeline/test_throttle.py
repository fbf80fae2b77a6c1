"""The documented rates: a burst of 100, then so many a second."""

from __future__ import annotations

from datetime import timedelta

import pytest

from local.datapipeline.throttle import Throttle
from tests.local.datapipeline.account import START


@pytest.mark.parametrize(
    ("operation", "rate"), [("PollForTask", 2), ("ReportTaskProgress", 10), ("SetStatus", 1)]
)
def test_after_the_burst_there_are_so_many_a_second(operation: str, rate: int) -> None:
    throttle = Throttle()
    assert sum(throttle.admits(operation, START) for _ in range(300)) == 100
    for second in range(1, 4):
        moment = START + timedelta(seconds=second)
        assert sum(throttle.admits(operation, moment) for _ in range(300)) == rate


def test_one_operation_does_not_use_up_anothers_rate() -> None:
    throttle = Throttle()
    while throttle.admits("PollForTask", START):
        pass
    assert throttle.admits("SetTaskStatus", START)


def test_what_has_no_documented_rate_is_not_throttled() -> None:
    throttle = Throttle()
    assert all(throttle.admits("EvaluateExpression", START) for _ in range(1_000))
