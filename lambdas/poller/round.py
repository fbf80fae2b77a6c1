"""The rounds of the loop, each with at most one poll, and those that one invocation of the poller plays.

``play_invocation`` is a generator. It yields each thing that it needs done, and is sent the result. The
poller does these things on AWS (poll_for_task.py); the simulations do them in virtual time. So the order of
the steps is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from poller.loop import LOOK_AGAIN_SECONDS, Next, PollResult, decide, has_work, may_poll
from poller.pace import LONGEST_SLEEP_SECONDS

if TYPE_CHECKING:
    from datetime import datetime

    from poller.loop import Decision, Limits, LoopState
    from poller.pace import LastPace
    from poller.polling import Poll


_ROUND_SECONDS = 30
"""Kept free for what a round does beside its poll: a pause, the count of running tasks, a claim object."""


@dataclass(frozen=True)
class CountRunningTasks:
    """Count the worker group's running RunTask executions. The result is an int."""


@dataclass(frozen=True)
class Sleep:
    """Wait so many seconds, 0 or more, before the poll. There is no result."""

    seconds: float


@dataclass(frozen=True)
class FindActivity:
    """Look at the worker group's newest RunTask executions. The result is an Activity."""


@dataclass(frozen=True)
class FindEarlierLoop:
    """Look whether an execution of this PollLoop runs that started earlier. The result is a bool."""


@dataclass(frozen=True)
class SendPoll:
    """Send one PollForTask, and abandon it after ``timeout`` seconds. The result is a Poll."""

    timeout: float


@dataclass(frozen=True)
class SendHeartbeat:
    """Send one ReportTaskRunnerHeartbeat. The result is whether it answered ``terminate``."""


@dataclass(frozen=True)
class Round:
    """How a round ended."""

    result: PollResult
    decision: Decision
    poll: Poll | None = None
    """None if no poll was sent."""
    received_at: datetime | None = None
    """When the poll ended; None if none was sent."""
    slept_seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether the execution has to fail: more polls cannot help, or all of its polls were in vain."""
        if self.decision.in_vain:
            return True
        return self.poll is not None and (self.poll.fatal or self.decision.too_many_errors)

    @property
    def problem(self) -> str:
        """Why the execution fails, and what to do."""
        advice = self.poll.advice if self.poll is not None else ""
        if not self.decision.in_vain:
            return advice
        advice = advice or "Look for 'Poll failed' in the poller's log."
        return f"None of this execution's polls was answered. {advice}"


@dataclass(frozen=True)
class LogRound:
    """Log a round that another one follows in this invocation. There is no result."""

    played: Round


Step = CountRunningTasks | FindActivity | FindEarlierLoop | Sleep | SendPoll | SendHeartbeat | LogRound


def play_round(
    state: LoopState,
    *,
    started_at: datetime,
    limits: Limits,
    last_pace: LastPace,
    now: Callable[[], datetime],
    jitter: Callable[[], float],
    seconds_left: Callable[[], float],
) -> Generator[Step, Any, Round]:
    """Poll once if the execution still owns its slot, and decide what follows.

    ``state`` is the loop's before the round, ``started_at`` when its execution started. ``jitter`` returns
    a number from 0 to 1. ``last_pace`` is updated after a poll. ``seconds_left`` returns the invocation's.
    """

    def age() -> float:
        return (now() - started_at).total_seconds()

    def without_poll(result: PollResult) -> Round:
        return Round(result, decide(result, state=state, limits=limits, seconds_since_start=age()))

    def earlier_loop_ended() -> Generator[Step, Any, bool]:
        """Wait for the execution before this one, whose last poll may still be held. False if none ran."""
        waited = False
        needed = _ROUND_SECONDS + limits.held_poll_timeout
        while age() < limits.handover and seconds_left() > needed and (yield FindEarlierLoop()):
            yield Sleep(LOOK_AGAIN_SECONDS / limits.time_scale)
            waited = True
        return waited

    if not may_poll(seconds_since_start=age(), state=state, limits=limits):
        return without_poll(PollResult.ENDED)

    if state.polls == 0 and limits.polls_alone:
        yield from earlier_loop_ended()
    if state.needs_count(limits):
        state = state.counted((yield CountRunningTasks()))
        if state.needs_count(limits):
            return without_poll(PollResult.FULL)

    pause = state.pause(limits, seconds_since_start=age())
    if pause > LONGEST_SLEEP_SECONDS:
        return without_poll(PollResult.PACED)
    if state.needs_activity(limits, seconds_since_start=age()):
        activity = yield FindActivity()
        # The last poll of the slot before may bring a task, after which nobody would hold a poll.
        if not has_work(activity, limits) and state.polls == 0 and (yield from earlier_loop_ended()):
            activity = yield FindActivity()
        if has_work(activity, limits):
            state = state.woken(activity, seconds_since_start=age())
        elif state.polls:
            return without_poll(PollResult.ENDED)
    yield Sleep(pause)

    sent_at = age()
    poll: Poll = yield SendPoll(state.poll_timeout(limits))
    received_at = now()
    if state.polls == 0 and (yield SendHeartbeat()):
        state = state.ending()
    answered_at = age()
    decision = decide(
        poll.result,
        state=state,
        limits=limits,
        seconds_since_start=answered_at,
        poll_seconds=answered_at - sent_at,
        jitter=jitter(),
    )
    last_pace.keep(started_at, decision.state.pace)
    return Round(poll.result, decision, poll, received_at, pause)


def play_invocation(
    state: LoopState,
    *,
    started_at: datetime,
    limits: Limits,
    last_pace: LastPace,
    now: Callable[[], datetime],
    jitter: Callable[[], float],
    seconds_left: Callable[[], float],
) -> Generator[Step, Any, Round]:
    """Play rounds until one has a result for PollLoop, or ``seconds_left()`` are too few for another.

    A poll that follows another at once stays in this invocation, which saves PollLoop two transitions and
    seven events of its history.
    """
    while True:
        played = yield from play_round(
            state,
            started_at=started_at,
            limits=limits,
            last_pace=last_pace,
            now=now,
            jitter=jitter,
            seconds_left=seconds_left,
        )
        following = played.decision.state
        wait = played.decision.wait_seconds / limits.time_scale
        needed = wait + _ROUND_SECONDS + following.poll_timeout(limits)
        if not _follows_here(played) or seconds_left() < needed:
            return played
        yield LogRound(played)
        if wait:
            yield Sleep(wait)
        # PollLoop's history knows nothing of this round.
        state = replace(following, events=state.events)


def _follows_here(played: Round) -> bool:
    """Whether the next poll needs nothing of PollLoop: it follows at once, or after a short wait."""
    quick = played.result is PollResult.EMPTY and played.decision.next is Next.WAIT
    return quick or played.decision.next is Next.POLL
