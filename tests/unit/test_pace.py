"""How fast loops poll, against the account's documented rate: 2 a second and 100 at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.datapipeline.throttle import Throttle
from runner.loop import THROTTLED_WAIT_SECONDS
from runner.pace import LEAST_POLLS_PER_SECOND, POLLS_PER_SECOND, LastPace, Pace

START = datetime(2026, 1, 1, tzinfo=UTC)
CYCLE_SECONDS = (0.2, 0.4)
"""From the answer of a poll to the next one, where nothing paces: about three transitions."""
PERIOD_SECONDS = 300
"""After which an execution takes over from the one before it."""
AFTER_THROTTLE_SECONDS = (0.5 * THROTTLED_WAIT_SECONDS, 1.5 * THROTTLED_WAIT_SECONDS)


class Drain:
    """Loops with an endless queue each, that share an account; ``polls`` are those that were let through."""

    def __init__(self, loops: int) -> None:
        self.random = Random(1)  # noqa: S311 - a simulation, to be repeated
        self.throttle = Throttle()
        self.due = [number * 0.07 for number in range(loops)]
        self.pace = [Pace() for _ in range(loops)]
        self.began = list(self.due)
        self.polls = [0] * loops
        self.throttled = 0

    def run(self, until: float) -> None:
        while (now := min(self.due)) < until:
            loop = self.due.index(now)
            if now - self.began[loop] >= PERIOD_SECONDS:
                self.pace[loop] = self.pace[loop].carried_over(now - self.began[loop])
                self.began[loop] = now
            age = now - self.began[loop]
            pause = self.pace[loop].pause(age)
            if pause > 0:
                self.due[loop] = now + pause + 1e-6
            elif self.throttle.admits("PollForTask", START + timedelta(seconds=now)):
                self.polls[loop] += 1
                self.pace[loop] = self.pace[loop].sent(age)
                self.due[loop] = now + self.random.uniform(*CYCLE_SECONDS)
            else:
                self.throttled += 1
                self.pace[loop] = self.pace[loop].throttled(age)
                self.due[loop] = now + self.random.uniform(*AFTER_THROTTLE_SECONDS)


def test_one_loop_is_never_throttled_and_uses_the_rate() -> None:
    drain = Drain(1)
    drain.run(100)  # by then the burst is used up
    before = drain.polls[0]
    drain.run(1_100)
    assert drain.throttled == 0
    assert (drain.polls[0] - before) / 1_000 >= 0.95 * 2


@pytest.mark.parametrize(("loops", "throttled"), [(2, 0.03), (5, 0.06), (20, 0.25)])
def test_loops_that_share_an_account_use_its_rate_and_get_equal_shares(loops: int, throttled: float) -> None:
    drain = Drain(loops)
    drain.run(200)
    before, throttled_before = list(drain.polls), drain.throttled
    drain.run(4_200)
    polled = [now - then for now, then in zip(drain.polls, before, strict=True)]
    assert sum(polled) / 4_000 >= 0.95 * 2
    assert drain.throttled - throttled_before <= throttled * sum(polled)
    fair = sum(polled) / loops
    assert all(0.7 * fair <= one <= 1.4 * fair for one in polled)


def test_where_the_services_time_goes_faster_the_pace_does() -> None:
    last = LastPace(time_scale=10)
    last.keep(START, Pace(paid_until=340))
    assert last.of_loop(START + timedelta(seconds=30)) == Pace(paid_until=40)


def test_an_execution_that_takes_over_has_no_burst_of_its_own() -> None:
    last = LastPace()
    last.keep(START, Pace(paid_until=340))
    taken_over = last.of_loop(START + timedelta(seconds=300))
    assert taken_over == Pace(paid_until=40)


@pytest.mark.parametrize("seconds", [340, 5_000, -1])
def test_where_the_burst_has_come_back_or_the_loop_is_older_there_is_nothing_to_take_over(
    seconds: int,
) -> None:
    last = LastPace()
    assert last.of_loop(START) == Pace()
    last.keep(START, Pace(polls_per_second=0.1, paid_until=340))
    assert last.of_loop(START + timedelta(seconds=seconds)) == Pace()


def test_a_first_poll_needs_no_pause() -> None:
    assert Pace().pause(0) == 0


def test_a_loop_that_is_throttled_pauses_no_longer_than_its_rate_asks_for() -> None:
    pace = Pace().throttled(10)
    assert pace.pause(10) == 0
    assert pace.sent(10).pause(10) == pytest.approx(1 / pace.polls_per_second)


@given(st.lists(st.booleans(), max_size=300))
def test_the_rate_stays_within_its_bounds(throttled: list[bool]) -> None:
    pace, age = Pace(), 0.0
    for each in throttled:
        age += pace.pause(age)
        pace = pace.throttled(age) if each else pace.sent(age)
        assert 0 < pace.polls_per_second <= POLLS_PER_SECOND
        assert pace.pause(age) <= 1 / LEAST_POLLS_PER_SECOND + 1e-9
