"""What PollLoop does next, for every way in which a poll can end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poller.loop import (
    ERRORS_IN_A_ROW,
    FULL_WAIT_SECONDS,
    Activity,
    Decision,
    Limits,
    LoopState,
    Next,
    PollResult,
    decide,
    has_work,
    may_poll,
)
from poller.pace import BURST, POLLS_PER_SECOND, Pace

SHORT = Limits(period=300, poll_timeout=10)
CONTINUOUS = Limits(period=60, poll_timeout=95)


def after(
    result: PollResult,
    *,
    state: LoopState | None = None,
    limits: Limits = SHORT,
    age: float = 10,
    took: float = 9,
    jitter: float = 0,
) -> Decision:
    return decide(
        result,
        state=state or LoopState(),
        limits=limits,
        seconds_since_start=age,
        poll_seconds=took,
        jitter=jitter,
    )


def test_a_task_is_started_and_the_poll_counted() -> None:
    decision = after(PollResult.TASK, state=LoopState(polls=3, errors=2))
    assert decision.next is Next.START
    assert (decision.state.polls, decision.state.errors) == (4, 0)


def test_a_task_taken_at_the_end_of_the_slot_is_still_started() -> None:
    assert after(PollResult.TASK, age=10_000).next is Next.START


def test_an_abandoned_poll_is_never_followed_by_another_one_in_the_same_execution() -> None:
    assert after(PollResult.ABANDONED).next is Next.STOP
    assert after(PollResult.ABANDONED, limits=CONTINUOUS, age=30).next is Next.STOP


def test_an_empty_answer_ends_a_loop_of_short_polls() -> None:
    assert after(PollResult.EMPTY).next is Next.STOP


def test_an_empty_answer_within_the_slot_is_followed_by_a_poll_when_polls_are_held() -> None:
    limits = Limits(period=300, poll_timeout=95)
    assert after(PollResult.EMPTY, limits=limits, age=91, took=90).next is Next.POLL


@pytest.mark.parametrize(("given", "lasts"), [(90, 95), (94, 95), (95, 95), (120, 120)])
def test_a_continuous_poll_is_not_given_up_just_before_its_answer(given: float, lasts: float) -> None:
    assert LoopState().poll_timeout(Limits(period=300, poll_timeout=given)) == lasts
    scaled = Limits(period=30, poll_timeout=given / 10, hold=9)
    assert LoopState().poll_timeout(scaled) == pytest.approx(lasts / 10)


def test_polls_are_held_to_their_end_in_scaled_time_as_well() -> None:
    limits = Limits(period=30, poll_timeout=9.5, hold=9)
    assert after(PollResult.EMPTY, limits=limits, age=9.1, took=9).next is Next.POLL


@pytest.mark.parametrize(("age", "took"), [(40, 1), (91, 90), (296, 1)])
@pytest.mark.parametrize("result", PollResult)
def test_scaled_time_has_the_same_waits_and_the_same_slot(
    result: PollResult, age: float, took: float
) -> None:
    """Step Functions' waits are scaled as well."""
    state = LoopState(awake=True, pace=Pace(paid_until=age + 6.5 + BURST / POLLS_PER_SECOND))

    def decided(scale: float) -> tuple[Next, int]:
        limits = Limits(300 / scale, 10 / scale, hold=90 / scale, linger=600 / scale)
        decision = after(result, state=state, limits=limits, age=age / scale, took=took / scale)
        return decision.next, decision.wait_seconds

    assert decided(40) == decided(1)


def test_an_empty_answer_after_the_slot_ends_the_loop() -> None:
    assert after(PollResult.EMPTY, limits=CONTINUOUS, age=91, took=90).next is Next.STOP


def test_empty_answers_that_come_at_once_do_not_make_a_busy_loop() -> None:
    decision = after(PollResult.EMPTY, limits=CONTINUOUS, age=1, took=0.01)
    assert decision.next is Next.WAIT
    assert decision.wait_seconds == 5


def test_errors_are_waited_out_longer_and_longer() -> None:
    waits = [
        after(PollResult.ERROR, state=LoopState(errors=n), age=0).wait_seconds for n in range(ERRORS_IN_A_ROW)
    ]
    assert waits == sorted(waits)
    assert waits[0] >= 1
    assert waits[-1] > waits[0]


def test_five_errors_in_a_row_are_too_many_and_a_task_starts_the_count_again() -> None:
    state = LoopState()
    for _ in range(ERRORS_IN_A_ROW):
        decision = after(PollResult.ERROR, state=state)
        state = decision.state
    assert decision.too_many_errors
    assert not after(PollResult.TASK, state=state).too_many_errors


def test_an_error_near_the_end_of_the_slot_leaves_the_next_poll_to_the_next_tick() -> None:
    assert after(PollResult.ERROR, age=299.5).next is Next.STOP


def test_a_full_worker_group_waits_without_polling() -> None:
    decision = after(PollResult.FULL, state=LoopState(polls=2, running=4))
    assert decision.next is Next.WAIT
    assert decision.wait_seconds == FULL_WAIT_SECONDS
    assert decision.state.polls == 2


def test_running_tasks_are_counted_first_and_then_only_when_the_bound_is_reached() -> None:
    limits = Limits(period=300, poll_timeout=10, max_concurrent_tasks=3)
    state = LoopState()
    assert state.needs_count(limits)
    state = state.counted(1)
    assert not state.needs_count(limits)
    for _ in range(2):
        state = after(PollResult.TASK, state=state, limits=limits).state
    assert state.running == 3
    assert state.needs_count(limits)


def test_without_a_limit_nothing_is_counted() -> None:
    assert not LoopState().needs_count(SHORT)


def test_no_poll_is_started_after_the_slot() -> None:
    assert may_poll(seconds_since_start=299.9, state=LoopState(), limits=SHORT)
    assert not may_poll(seconds_since_start=300, state=LoopState(), limits=SHORT)


def test_a_runner_that_is_told_to_end_polls_no_more() -> None:
    state = LoopState().ending()
    assert not may_poll(seconds_since_start=0, state=state, limits=SHORT)
    assert after(PollResult.EMPTY, limits=CONTINUOUS, state=state, age=1).next is Next.STOP
    assert after(PollResult.TASK, state=state).state.terminated


HISTORY = 25_000
"""Events of one execution (Step Functions quotas)."""
ROUND = {Next.START: 5 + 2 + 5, Next.WAIT: 5 + 2 + 2, Next.POLL: 5 + 2, Next.STOP: 5 + 2 + 2 + 1}
"""Events of Poll and Next, and of what follows; the end of an execution is one as well."""
RETRY = 3
"""Scheduled, started, failed."""


@pytest.mark.parametrize("result", PollResult)
@pytest.mark.parametrize("retries", [0, 3])
def test_an_execution_ends_before_its_history_is_full(result: PollResult, retries: int) -> None:
    """However long its period is, and whatever comes of its polls."""
    limits = Limits(period=86_400, poll_timeout=95, max_concurrent_tasks=1)
    state, history, decided = LoopState(), 1, Next.POLL
    while decided is not Next.STOP:
        state = LoopState.from_json(state.as_json(), Pace()).retried(retries)
        history += retries * RETRY
        if may_poll(seconds_since_start=1, state=state, limits=limits):
            decision = after(result, state=state, limits=limits, age=1)
        else:
            decision = after(PollResult.ENDED, state=state, limits=limits, age=1)
        history += ROUND[decision.next]
        state, decided = decision.state, decision.next
        if decision.too_many_errors:
            break
        if decided is Next.START:
            # StartTask was tried again as well, which the state machine counts.
            state = state.retried(retries)
            history += retries * RETRY
        assert history < HISTORY
    # It does not end long before, either.
    if result not in (PollResult.ABANDONED, PollResult.ERROR, PollResult.ENDED):
        assert history > HISTORY * 0.95


def test_a_loop_that_began_with_another_release_goes_on_counting() -> None:
    assert LoopState.from_json({"polls": 100}, Pace()).events >= 1_200


@pytest.mark.parametrize(("period", "seconds"), [(300, 15), (14_400, 15), (86_400, 87)])
def test_a_full_loop_has_history_left_for_its_whole_period(period: int, seconds: int) -> None:
    limits = Limits(period=period, poll_timeout=95, max_concurrent_tasks=1)
    wait = after(PollResult.FULL, limits=limits, age=1).wait_seconds
    assert wait == seconds
    assert period / wait * ROUND[Next.WAIT] < HISTORY * 0.95


@pytest.mark.parametrize("foreign", [None, [], "x", {}, {"polls": None}])
def test_a_foreign_state_starts_a_new_loop(foreign: object) -> None:
    pace = Pace(paid_until=7)
    assert LoopState.from_json(foreign, pace) == LoopState(pace=pace)


@given(
    result=st.sampled_from(PollResult),
    polls=st.integers(0, 2_000),
    errors=st.integers(0, 10),
    running=st.none() | st.integers(0, 50),
    period=st.floats(60, 86_400),
    timeout=st.floats(2, 120),
    age=st.floats(0, 100_000),
    took=st.floats(0, 120),
    jitter=st.floats(0, 1),
)
def test_whatever_happened_no_poll_is_promised_outside_the_slot(
    result: PollResult,
    polls: int,
    errors: int,
    running: int | None,
    period: float,
    timeout: float,
    age: float,
    took: float,
    jitter: float,
) -> None:
    limits = Limits(period=period, poll_timeout=timeout)
    state = LoopState(polls=polls, errors=errors, running=running)
    decision = decide(
        result, state=state, limits=limits, seconds_since_start=age, poll_seconds=took, jitter=jitter
    )
    assert (decision.next is Next.START) == (result is PollResult.TASK)
    if decision.next in (Next.WAIT, Next.POLL):
        assert age + decision.wait_seconds < period
    if decision.next is Next.WAIT:
        assert decision.wait_seconds >= 1
    assert LoopState.from_json(decision.state.as_json(), Pace()) == decision.state


def test_a_throttled_poll_is_followed_by_a_wait_and_slows_the_loop_down() -> None:
    state = LoopState(pace=Pace(seconds_a_poll=9.8, polls=20, throttled_at=1))
    decision = after(PollResult.THROTTLED, state=state, age=40, took=0)
    assert decision.next is Next.WAIT
    assert decision.state.pace.seconds_a_poll == pytest.approx(10)
    assert decision.wait_seconds == 5
    assert after(PollResult.THROTTLED, state=state, age=40, took=0, jitter=1).wait_seconds == 15
    assert decision.state.pace.pause(40) == pytest.approx(10)


@pytest.mark.parametrize("foreign", [None, 3, {}, {"polls_per_second": 1.95, "paid_until": 7.0}])
def test_a_loop_goes_on_after_an_update_of_the_poller(foreign: object) -> None:
    kept = {"polls": 3, "events": 20, "pace": foreign}
    expected = LoopState(polls=3, events=20, heard=True, pace=Pace(paid_until=9))
    assert LoopState.from_json(kept, Pace(paid_until=9)) == expected


def test_throttled_polls_never_fail_the_loop_however_many_there_are() -> None:
    state = LoopState()
    for _ in range(3 * ERRORS_IN_A_ROW):
        decision = after(PollResult.THROTTLED, state=state, age=1)
        assert not decision.too_many_errors
        state = decision.state


@pytest.mark.parametrize(
    ("results", "limits", "in_vain"),
    [
        ([PollResult.THROTTLED], SHORT, True),
        ([PollResult.ERROR, PollResult.THROTTLED], SHORT, True),
        ([PollResult.EMPTY], SHORT, False),
        ([PollResult.TASK, PollResult.THROTTLED], SHORT, False),
        ([PollResult.FULL, PollResult.ERROR], SHORT, False),
        ([PollResult.ABANDONED], SHORT, False),
        ([PollResult.ABANDONED], CONTINUOUS, True),
        ([PollResult.EMPTY, PollResult.ABANDONED], CONTINUOUS, False),
    ],
)
def test_a_loop_that_ends_without_an_answer_to_any_of_its_polls_was_in_vain(
    results: list[PollResult], limits: Limits, in_vain: bool
) -> None:
    *before, last = results
    state = LoopState()
    for result in before:
        decision = after(result, state=state, limits=limits, age=1)
        assert not decision.in_vain
        state = LoopState.from_json(decision.state.as_json(), Pace())
    assert after(last, state=state, limits=limits, age=limits.period).in_vain is in_vain


def test_a_loop_that_another_release_began_or_that_never_polled_was_not_in_vain() -> None:
    begun = LoopState.from_json({"polls": 3}, Pace())
    assert not after(PollResult.THROTTLED, state=begun, age=SHORT.period).in_vain
    assert not after(PollResult.ENDED, age=SHORT.period).in_vain
    assert not LoopState.from_json({}, Pace()).heard


def test_where_the_services_time_goes_faster_a_poll_is_paid_for_sooner() -> None:
    limits = Limits(period=30, poll_timeout=1, hold=9)
    polled = decide(PollResult.TASK, state=LoopState(), limits=limits, seconds_since_start=20)
    assert polled.state.pace == Pace().sent(200)
    state = LoopState(pace=Pace(paid_until=200 + 70 + BURST / POLLS_PER_SECOND))
    assert state.pause(limits, seconds_since_start=20) == pytest.approx(7)


def test_a_loop_that_has_to_pause_for_long_waits_until_its_pace_lets_it_poll() -> None:
    state = LoopState(pace=Pace(paid_until=20 + 7 + BURST / POLLS_PER_SECOND))
    decision = after(PollResult.PACED, state=state, age=20)
    assert decision.next is Next.WAIT
    assert decision.wait_seconds == 7
    assert decision.state.pace == state.pace


def test_no_pause_is_promised_outside_the_slot() -> None:
    state = LoopState(pace=Pace(paid_until=10_000))
    assert after(PollResult.PACED, state=state, age=20).next is Next.STOP


LINGERING = Limits(period=300, poll_timeout=10, linger=600)


def test_a_task_wakes_the_loop() -> None:
    state = after(PollResult.TASK, limits=LINGERING).state
    assert state.awake
    assert state.poll_timeout(LINGERING) == 95
    assert after(PollResult.EMPTY, state=state, limits=LINGERING, age=100, took=90).next is Next.POLL


def test_without_a_linger_a_task_wakes_nothing() -> None:
    state = after(PollResult.TASK, limits=SHORT).state
    assert not state.awake
    assert after(PollResult.EMPTY, state=state, limits=SHORT).next is Next.STOP


def test_an_awake_loop_goes_on_after_its_task() -> None:
    awake = LoopState(awake=True)
    assert after(PollResult.TASK, state=awake, limits=LINGERING, age=100).state.awake
    assert after(PollResult.ERROR, state=awake, limits=LINGERING, age=100).state.awake


def test_a_held_poll_that_was_given_up_ends_an_awake_loop_too() -> None:
    awake = LoopState(awake=True)
    assert after(PollResult.ABANDONED, state=awake, limits=LINGERING, age=100, took=95).next is Next.STOP


def test_empty_answers_that_come_at_once_do_not_make_a_busy_loop_while_awake() -> None:
    decision = after(PollResult.EMPTY, state=LoopState(awake=True), limits=LINGERING, age=1, took=0.01)
    assert (decision.next, decision.wait_seconds) == (Next.WAIT, 5)


def test_a_loop_of_an_earlier_release_sleeps_until_it_gets_a_task() -> None:
    state = LoopState.from_json({"polls": 3, "errors": 0}, Pace())
    assert not state.holds_polls(LINGERING)
    assert after(PollResult.TASK, state=state, limits=LINGERING).state.holds_polls(LINGERING)


def test_a_held_poll_lasts_as_long_as_the_service_holds_it_at_any_speed() -> None:
    limits = Limits(period=30, poll_timeout=1, hold=9, linger=60)
    assert LoopState(awake=True).poll_timeout(limits) == 9.5


def test_an_awake_loop_ends_with_its_slot() -> None:
    awake = LoopState(awake=True)
    assert after(PollResult.EMPTY, state=awake, limits=LINGERING, age=301, took=90).next is Next.STOP


@pytest.mark.parametrize(
    ("activity", "awake"),
    [
        (Activity(running=True), True),
        (Activity(running=True, seconds_since_end=10_000), True),
        (Activity(running=False, seconds_since_end=600), True),
        (Activity(running=False, seconds_since_end=601), False),
        (Activity(running=False, seconds_since_end=-2), True),
        (Activity(running=False), False),
    ],
)
def test_a_group_is_awake_while_a_task_runs_and_until_the_linger_is_over(
    activity: Activity, awake: bool
) -> None:
    assert has_work(activity, LINGERING) is awake


def test_the_state_keeps_that_the_loop_is_awake() -> None:
    state = LoopState(awake=True, polls=1)
    assert LoopState.from_json(state.as_json(), Pace()) == state


@pytest.mark.parametrize("limits", [SHORT, Limits(period=300, poll_timeout=120, linger=600)])
def test_a_deployment_that_ends_the_linger_is_heeded_by_a_loop_that_is_awake(limits: Limits) -> None:
    """The function's timeout is changed with it: a poll of 95 s would end in the middle."""
    state = LoopState(awake=True)
    assert state.poll_timeout(limits) == limits.poll_timeout
    assert state.holds_polls(limits) is limits.continuous
