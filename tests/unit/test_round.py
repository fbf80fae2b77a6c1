"""One invocation of the poller, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from poller.loop import Activity, Limits, LoopState, Next, PollResult
from poller.pace import LastPace, Pace
from poller.polling import Poll
from poller.round import (
    CountRunningTasks,
    FindActivity,
    FindEarlierLoop,
    LogRound,
    Round,
    SendHeartbeat,
    SendPoll,
    Sleep,
    Step,
    play_invocation,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
LINGERING = Limits(period=300, poll_timeout=10, linger=600)
EMPTY = Poll(PollResult.EMPTY)
TASK = Poll(PollResult.TASK, task={"taskId": "T"})


class Played:
    """An invocation whose polls have these answers, each after as long as the service holds it."""

    def __init__(
        self,
        *polls: Poll,
        limits: Limits = LINGERING,
        state: LoopState | None = None,
        activity: Activity | Callable[[float], Activity] = Activity(running=False),  # noqa: B008 - frozen
        seconds_left: Callable[[float], float] = lambda age: 425 - age,
        terminate: bool = False,
        running: int = 0,
        age: float = 0.0,
        earlier_loop_runs_for: float = 0.0,
        poll_seconds: float = 90.0,
    ) -> None:
        self.now = START + timedelta(seconds=age)
        self.steps: list[Step] = []
        steps = play_invocation(
            state or LoopState(),
            started_at=START,
            limits=limits,
            last_pace=LastPace(),
            now=lambda: self.now,
            jitter=lambda: 0.5,
            seconds_left=lambda: seconds_left((self.now - START).total_seconds()),
        )
        answers = list(polls)
        result: object = None
        while True:
            try:
                step = steps.send(result)
            except StopIteration as end:
                self.end: Round = end.value
                break
            self.steps.append(step)
            match step:
                case SendPoll(timeout):
                    result = answers.pop(0)
                    self.now += timedelta(seconds=min(poll_seconds, timeout))
                case FindActivity():
                    age = (self.now - START).total_seconds()
                    result = activity(age) if callable(activity) else activity
                case FindEarlierLoop():
                    result = (self.now - START).total_seconds() < earlier_loop_runs_for
                case SendHeartbeat():
                    result = terminate
                case CountRunningTasks():
                    result = running
                case Sleep(seconds):
                    self.now += timedelta(seconds=seconds)
                    result = None
                case LogRound():
                    result = None
        self.timeouts = [step.timeout for step in self.steps if isinstance(step, SendPoll)]

    def counted(self, kind: type[Step]) -> int:
        """How many steps of this kind there were."""
        return sum(isinstance(step, kind) for step in self.steps)


def test_a_sleeping_group_is_polled_for_once_and_shortly() -> None:
    played = Played(EMPTY)
    assert played.timeouts == [10]
    assert played.end.decision.next is Next.STOP


@pytest.mark.parametrize("activity", [Activity(running=True), Activity(False, seconds_since_end=30)])
def test_an_awake_group_holds_its_polls_one_after_another_in_one_invocation(activity: Activity) -> None:
    played = Played(EMPTY, EMPTY, EMPTY, EMPTY, activity=activity)
    assert played.timeouts == [95] * 4
    assert played.end.decision.next is Next.STOP
    assert played.counted(LogRound) == 3


def test_a_task_ends_the_invocation() -> None:
    played = Played(EMPTY, TASK, activity=Activity(running=True))
    assert played.end.poll is TASK
    assert played.end.decision.state.awake


def test_activity_is_looked_at_before_the_first_poll_of_an_execution_alone() -> None:
    first = Played(TASK)
    assert isinstance(first.steps[0], FindActivity)
    second = Played(EMPTY, EMPTY, EMPTY, EMPTY, state=first.end.decision.state)
    assert second.counted(FindActivity) == 0
    failed = Played(Poll(PollResult.ERROR))
    assert failed.end.decision.next is Next.WAIT
    assert Played(EMPTY, state=failed.end.decision.state).counted(FindActivity) == 0


def test_an_answer_that_misses_a_task_costs_one_tick() -> None:
    missed = Played(EMPTY, activity=Activity(running=False))
    assert missed.timeouts == [10]
    assert missed.end.decision.next is Next.STOP
    # The next execution begins without a state.
    assert Played(EMPTY, EMPTY, EMPTY, EMPTY, activity=Activity(running=True)).timeouts == [95] * 4


@pytest.mark.parametrize(
    "limits", [Limits(period=300, poll_timeout=10), Limits(period=300, poll_timeout=95, linger=600)]
)
def test_a_group_that_never_wakes_or_never_sleeps_is_not_looked_at(limits: Limits) -> None:
    assert Played(TASK, limits=limits).counted(FindActivity) == 0


def test_no_poll_begins_that_the_function_would_not_survive() -> None:
    played = Played(EMPTY, activity=Activity(running=True), seconds_left=lambda age: 214 - age)
    assert played.timeouts == [95]
    assert played.end.decision.next is Next.POLL


def test_a_slot_of_a_day_is_held_through_in_invocations_of_15_minutes() -> None:
    limits = Limits(period=86_400, poll_timeout=10, linger=86_400)
    state, age, polls = LoopState(), 0.0, 0
    while True:
        played = Played(
            *[EMPTY] * 10,
            limits=limits,
            state=state,
            age=age,
            activity=Activity(False, seconds_since_end=86_300),
            seconds_left=lambda now, begun=age: 900 - (now - begun),  # type: ignore[misc]
        )
        state, age = played.end.decision.state, (played.now - START).total_seconds()
        polls += len(played.timeouts)
        assert set(played.timeouts) == {95}
        if played.end.decision.next is Next.STOP:
            break
        assert played.end.decision.next is Next.POLL
    assert (polls, age) == (960, 86_400)
    assert state.events < 1_000


def test_a_poll_that_was_given_up_is_followed_by_none() -> None:
    played = Played(Poll(PollResult.ABANDONED), activity=Activity(running=True))
    assert played.timeouts == [95]
    assert played.end.decision.next is Next.STOP


def test_what_follows_a_task_is_held_and_asks_for_nothing() -> None:
    task = Played(TASK)
    assert task.timeouts == [10]
    assert Played(TASK, state=task.end.decision.state).timeouts == [95]


def test_a_held_poll_is_followed_by_none_if_the_service_tells_the_runner_to_terminate() -> None:
    played = Played(EMPTY, activity=Activity(running=True), terminate=True)
    assert played.timeouts == [95]
    assert played.end.decision.next is Next.STOP


def test_the_heartbeat_is_sent_once_an_execution() -> None:
    assert Played(EMPTY, EMPTY, EMPTY, EMPTY, activity=Activity(running=True)).counted(SendHeartbeat) == 1


def test_a_loop_at_its_limit_asks_when_it_may_poll_again() -> None:
    limits = Limits(period=300, poll_timeout=10, linger=600, max_concurrent_tasks=1)
    full = Played(limits=limits, state=LoopState(running=None), running=1)
    assert full.end.result is PollResult.FULL
    assert full.counted(FindActivity) == 0
    free = Played(EMPTY, limits=limits, state=full.end.decision.state)
    assert free.counted(FindActivity) == 1


def test_rounds_that_share_an_invocation_add_to_the_history_once() -> None:
    played = Played(EMPTY, EMPTY, TASK, activity=Activity(running=True), state=LoopState(events=100))
    assert played.end.decision.state.polls == 3
    assert played.end.decision.state.events == 100 + 12


def test_who_starts_a_loop_can_wake_the_group() -> None:
    """With the input ``{"loop": {"awake": true}}``, as before the first task of a pipeline is ready."""
    played = Played(EMPTY, TASK, state=LoopState.from_json({"awake": True}, Pace()))
    assert played.timeouts == [95, 95]
    assert played.end.decision.state.awake


def test_a_sleeping_loop_waits_for_the_one_before_and_asks_again() -> None:
    """Its last poll may bring a task, after which nobody would hold a poll."""
    waited = Played(EMPTY, earlier_loop_runs_for=40)
    assert waited.counted(FindActivity) == 2
    assert (waited.now - START).total_seconds() == 50
    alone = Played(EMPTY)
    assert (alone.counted(FindActivity), alone.counted(FindEarlierLoop)) == (1, 1)


def test_an_awake_loop_without_a_limit_waits_for_no_other() -> None:
    played = Played(TASK, activity=Activity(running=True), earlier_loop_runs_for=40)
    assert played.counted(FindEarlierLoop) == 0


@pytest.mark.parametrize("limits", [LINGERING, Limits(period=300, poll_timeout=95)])
def test_with_a_limit_loops_poll_one_at_a_time(limits: Limits) -> None:
    limited = replace(limits, max_concurrent_tasks=2)
    played = Played(TASK, limits=limited, activity=Activity(running=True), earlier_loop_runs_for=80)
    kinds = [type(step) for step in played.steps if not isinstance(step, Sleep | SendHeartbeat)]
    assert kinds[16:18] == [FindEarlierLoop, CountRunningTasks]
    assert kinds[:17] == [FindEarlierLoop] * 17


def test_a_loop_that_never_ends_is_waited_for_no_longer_than_it_may_poll() -> None:
    limited = replace(LINGERING, max_concurrent_tasks=2)
    played = Played(TASK, limits=limited, earlier_loop_runs_for=10_000)
    assert played.timeouts == [10]
    assert (played.now - START).total_seconds() == 165
    short = Played(TASK, limits=limited, earlier_loop_runs_for=10_000, seconds_left=lambda age: 200 - age)
    assert (short.now - START).total_seconds() == 85


def test_a_group_whose_work_is_over_falls_asleep_within_a_long_slot() -> None:
    day = replace(LINGERING, period=86_400)
    played = Played(
        *[EMPTY] * 20,
        limits=day,
        activity=lambda age: Activity(False, seconds_since_end=300 + age),
        seconds_left=lambda _: 900,
    )
    # Of the linger, 5 minutes are left, and one poll more is held.
    assert len(played.timeouts) == 5
    assert played.end.decision.next is Next.STOP
    # It asks again as soon as the linger of what it knew may be over.
    assert played.counted(FindActivity) == 2


def test_a_group_that_still_has_work_stays_awake_in_a_long_slot() -> None:
    day = replace(LINGERING, period=86_400)
    played = Played(*[EMPTY] * 99, TASK, limits=day, activity=Activity(True), seconds_left=lambda _: 900)
    assert len(played.timeouts) == 100
    assert played.counted(FindActivity) == 1 + 99 * 90 // 720


def test_empty_answers_that_come_at_once_stay_in_the_invocation() -> None:
    """They would cost a Wait state every 5 s, and the history of a long slot."""
    quick = Played(*[EMPTY] * 9, TASK, activity=Activity(True), poll_seconds=0.1)
    assert quick.end.poll is TASK
    assert quick.end.decision.state.events == LoopState().events + 12
    assert [step.seconds for step in quick.steps if isinstance(step, Sleep)][1::2] == [5.0] * 9
