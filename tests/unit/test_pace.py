"""How fast loops poll, against the account's documented rate: 2 a second and 100 at once."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.simulation.drain import Drain, DrainingLoop
from poller.pace import BURST, LONGEST_SECONDS_A_POLL, POLLS_PER_SECOND, LastPace, Pace

START = datetime(2026, 1, 1, tzinfo=UTC)
PERIOD_SECONDS = 300
"""After which an execution takes over from the one before it."""


def endless(loops: int) -> Drain:
    """So many loops with an endless queue each, which begin one after the other."""
    starts = [number * 0.07 for number in range(loops)]
    random = Random(1)  # noqa: S311 - a simulation, to be repeated
    return Drain([DrainingLoop(start, began=start) for start in starts], random, period=PERIOD_SECONDS)


def test_one_loop_is_never_throttled_and_uses_the_rate() -> None:
    drain = endless(1)
    drain.run(100)  # by then the burst is used up
    before = drain.polls[0]
    drain.run(1_100)
    assert drain.throttled == 0
    assert (drain.polls[0] - before) / 1_000 >= 0.95 * 2


@pytest.mark.parametrize(("loops", "throttled"), [(2, 0.015), (4, 0.025), (8, 0.05), (20, 0.2)])
def test_loops_that_share_an_account_use_its_rate_and_get_equal_shares(loops: int, throttled: float) -> None:
    drain = endless(loops)
    drain.run(200)
    before, throttled_before = list(drain.polls), drain.throttled
    drain.run(4_200)
    polled = [now - then for now, then in zip(drain.polls, before, strict=True)]
    assert sum(polled) / 4_000 >= 0.95 * 2
    assert drain.throttled - throttled_before <= throttled * sum(polled)
    fair = sum(polled) / loops
    assert all(0.7 * fair <= polls <= 1.4 * fair for polls in polled)


def test_loops_that_begin_together_have_equal_shares_from_their_first_throttled_polls() -> None:
    drain = endless(4)
    drain.run(200)
    fair = sum(drain.polls) / 4
    assert all(0.8 * fair <= polls <= 1.2 * fair for polls in drain.polls)


def test_the_first_throttled_poll_says_what_share_the_loop_had() -> None:
    pace = Pace()
    for poll in range(50):  # Of the 200 that the account lets through in 50 s: 100 at once and 2 a second.
        pace = pace.sent(poll)
    assert pace.throttled(50).seconds_a_poll == pytest.approx(4 / POLLS_PER_SECOND)


def test_a_loop_that_finds_the_account_used_up_waits_and_takes_half_of_it() -> None:
    pace = Pace().sent(0).throttled(1)
    assert pace.seconds_a_poll == pytest.approx(2 / POLLS_PER_SECOND)
    assert pace.pause(1) == pytest.approx(20)


def test_a_loop_that_had_nearly_all_is_hardly_slowed_down_by_its_first_throttled_poll() -> None:
    pace = Pace()
    for poll in range(190):  # Of the 200 that the account lets through in 50 s.
        pace = pace.sent(0.25 * poll)
    assert pace.throttled(50).seconds_a_poll == pytest.approx(200 / 190 / POLLS_PER_SECOND)
    assert pace.throttled(50).throttled(51).seconds_a_poll - pace.throttled(
        50
    ).seconds_a_poll == pytest.approx(0.2)


@pytest.mark.parametrize(("seconds_a_poll", "takes"), [(1, 250), (10, 1_000)])
def test_a_loop_that_is_left_alone_comes_back_to_the_whole_rate(seconds_a_poll: float, takes: float) -> None:
    pace = Pace(polls=100, seconds_a_poll=seconds_a_poll, paid_until=52, throttled_at=0)
    age = 0.0
    while pace.seconds_a_poll > 1 / POLLS_PER_SECOND:
        age += pace.pause(age)
        pace = pace.sent(age)
    assert age < takes


def test_a_loop_that_polled_seldom_because_it_had_little_to_do_has_no_small_share_of_the_rate() -> None:
    pace, age = Pace(), 0.0
    for _ in range(200):  # The account has polls left over all the time.
        age += 4.5
        pace = pace.sent(age)
    assert pace.throttled(age).seconds_a_poll <= 8 / POLLS_PER_SECOND
    for _ in range(50):  # Now there is much to do, after a pause.
        age += max(pace.pause(age), 20 if pace.polls > 50 else 0.4)
        pace = pace.sent(age)
    assert pace.throttled(age).seconds_a_poll <= 3 / POLLS_PER_SECOND


def test_what_was_heard_of_others_is_forgotten_when_the_loop_was_idle() -> None:
    pace = Pace().throttled(0).sent(2)
    then = pace.paid_until + BURST / POLLS_PER_SECOND
    assert pace.sent(then - 1).throttled_at == 0
    assert pace.sent(then) == Pace(paid_until=then + 1 / POLLS_PER_SECOND, full_at=then, polls=1)


def test_where_the_services_time_goes_faster_the_pace_does() -> None:
    last = LastPace(time_scale=10)
    last.keep(START, Pace(paid_until=340))
    assert last.of_loop(START + timedelta(seconds=30)) == Pace(paid_until=40, full_at=-300)


def test_an_execution_that_takes_over_has_no_burst_of_its_own() -> None:
    last = LastPace()
    last.keep(START, Pace(paid_until=340))
    taken_over = last.of_loop(START + timedelta(seconds=300))
    assert taken_over == Pace(paid_until=40, full_at=-300)


@pytest.mark.parametrize("seconds", [340 + 52, 5_000, -1])
def test_where_the_burst_has_come_back_or_the_loop_is_older_there_is_nothing_to_take_over(
    seconds: int,
) -> None:
    last = LastPace()
    assert last.of_loop(START) == Pace()
    last.keep(START, Pace(seconds_a_poll=10, paid_until=340))
    assert last.of_loop(START + timedelta(seconds=seconds)) == Pace()


def test_a_first_poll_needs_no_pause() -> None:
    assert Pace().pause(0) == 0


def test_a_loop_that_is_throttled_pauses_no_longer_than_its_rate_asks_for() -> None:
    pace = Pace(polls=12).throttled(10)
    assert pace.pause(10) == pytest.approx(pace.seconds_a_poll)


@given(st.lists(st.booleans(), max_size=300))
def test_the_rate_stays_within_its_bounds(throttled: list[bool]) -> None:
    pace, age = Pace(), 0.0
    for each in throttled:
        age += pace.pause(age)
        pace = pace.throttled(age) if each else pace.sent(age)
        assert 1 / POLLS_PER_SECOND <= pace.seconds_a_poll <= LONGEST_SECONDS_A_POLL
        assert pace.pause(age) <= LONGEST_SECONDS_A_POLL + 1e-9
        assert Pace.from_json(json.loads(json.dumps(asdict(pace)))) == pace
