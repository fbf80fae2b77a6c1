"""What PollLoop does next: a pure function of how the last poll ended.

The rules follow the protocol (API Reference, PollForTask; developer guide, Task Runner and limits). The
service holds a poll for up to 90 s. It offers an unacknowledged task again after 2 minutes. An account may
send 2 polls a second. A poll that we abandon stays open at the service, so no other poll follows it in the
same execution: the next tick takes over. While a worker group sleeps, its polls are short. While it is awake
they are held until the service answers, so that one may follow another. See docs/protocol.md.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from poller.pace import Pace

HOLD_SECONDS = 90
"""How long the service holds a poll (API Reference, PollForTask)."""

HELD_POLL_SECONDS = 95
"""How long an awake loop waits for a poll's answer: until the service ends the poll, and a little longer."""

ERRORS_IN_A_ROW = 5
"""The execution fails after so many failed polls in a row."""

FULL_WAIT_SECONDS = 15
"""A full loop waits at least so long before it counts the running tasks again."""

_FULL_WAITS = 1_000
"""Most waits of a full loop in one period. Longer periods have longer waits, to leave history for polls."""

HANDOVER_SECONDS = 60 + HELD_POLL_SECONDS
"""How long the loop of the slot before may go on: a tick comes up to a minute early or late (EventBridge
Scheduler user guide, schedule types), and the last poll of a slot is waited for."""

LOOK_AGAIN_SECONDS = 5.0
"""A loop that waits for the one before it looks so often whether that has ended."""

QUICK_ANSWER_SECONDS = 5.0
"""After an empty answer that comes sooner than this, the loop waits so long before it polls again."""

MAX_EVENTS = 24_500
"""The loop stops at so many events. A history holds 25,000 (Step Functions quotas): room for a last round."""

_FIRST_EVENTS = 1
"""ExecutionStarted."""
_RETRY_EVENTS = 3
"""A failed try of a Task state: scheduled, started, failed."""


class PollResult(StrEnum):
    """How one round's poll ended, or why none was sent."""

    TASK = "TASK"
    EMPTY = "EMPTY"
    ABANDONED = "ABANDONED"
    ERROR = "ERROR"
    THROTTLED = "THROTTLED"
    """The service refused the poll because the account exceeded its rate."""
    PACED = "PACED"
    """No poll was sent: the loop's pace requires a long pause first."""
    FULL = "FULL"
    """No poll was sent: ``max_concurrent_tasks`` tasks are running."""
    ENDED = "ENDED"
    """No poll was sent: the slot is over, or the service told the runner to terminate."""


class Next(StrEnum):
    """The branch of PollLoop's Choice state."""

    START = "START"
    WAIT = "WAIT"
    POLL = "POLL"
    STOP = "STOP"


_EVENTS = {Next.START: 12, Next.WAIT: 9, Next.POLL: 7, Next.STOP: 7}
"""Poll (entered, scheduled, started, succeeded, exited), Next (entered, exited), and StartTask or Wait."""


@dataclass(frozen=True)
class Limits:
    """The worker group's settings that the loop needs. All times are in seconds."""

    period: float
    poll_timeout: float
    max_concurrent_tasks: int | None = None
    """Most RunTask executions at once. None means no limit."""
    hold: float = HOLD_SECONDS
    """How long the service holds a poll. Local AWS with a time scale holds it for less."""
    linger: float = 0.0
    """How long the group stays awake after its last task ended. With 0 it never wakes."""

    @property
    def continuous(self) -> bool:
        """Whether the loop waits out each poll, so that the next one may follow at once."""
        return self.poll_timeout >= self.hold

    @property
    def may_wake(self) -> bool:
        """Whether the group's polls are held while it has work, and short otherwise."""
        return self.linger > 0 and not self.continuous

    @property
    def held_poll_timeout(self) -> float:
        """Seconds after which a held poll is abandoned: the service should have answered it before."""
        return HELD_POLL_SECONDS / self.time_scale

    @property
    def time_scale(self) -> float:
        """How many times faster than on AWS the service's time passes. It is 1 except on local AWS."""
        return HOLD_SECONDS / self.hold

    @property
    def handover(self) -> float:
        """Seconds from an execution's start for which the one before it may still poll."""
        return HANDOVER_SECONDS / self.time_scale

    @property
    def polls_alone(self) -> bool:
        """Whether no poll may begin while the execution before holds one: each counts the tasks by itself."""
        return self.max_concurrent_tasks is not None and (self.continuous or self.may_wake)


@dataclass(frozen=True)
class LoopState:
    """What a PollLoop execution remembers from round to round."""

    polls: int = 0
    events: int = _FIRST_EVENTS
    """Events in the execution's history before this round."""
    errors: int = 0
    running: int | None = None
    """An upper bound of the running RunTask executions. None before the first count."""
    terminated: bool = False
    """Whether the service told the runner to terminate (ReportTaskRunnerHeartbeat)."""
    heard: bool = False
    """Whether a poll was answered, or given up as short polls are, or the loop waited at
    ``max_concurrent_tasks``. An execution whose polls were all in vain fails."""
    awake: bool = False
    """Whether the group has work, so that polls are held to their end."""
    worked_at: float = 0.0
    """The last time that the group is known to have had work, in seconds since the execution started."""
    pace: Pace = field(default_factory=Pace)

    @classmethod
    def from_json(cls, data: Any, pace: Pace) -> LoopState:
        """Read the state from the poller's event. If there is none, a new loop starts at ``pace``."""
        if not isinstance(data, dict):
            return cls(pace=pace)
        running = data.get("running")
        polls = int(data.get("polls") or 0)
        return cls(
            polls=polls,
            # An earlier release, which did not count events, started this execution.
            events=int(data.get("events") or _FIRST_EVENTS + polls * _EVENTS[Next.START]),
            errors=int(data.get("errors") or 0),
            running=None if running is None else int(running),
            terminated=bool(data.get("terminated")),
            # An earlier release, which did not know, started this execution.
            heard=bool(data.get("heard", polls > 0)),
            awake=bool(data.get("awake")),
            worked_at=float(data.get("worked_at") or 0),
            pace=Pace.from_json(data.get("pace")) or pace,
        )

    def as_json(self) -> dict[str, Any]:
        """The state in the form that ``from_json`` reads."""
        return asdict(self)

    def retried(self, times: int) -> LoopState:
        """The state after a Task state was retried so many times."""
        return replace(self, events=self.events + times * _RETRY_EVENTS)

    def counted(self, running: int) -> LoopState:
        """The state after the running tasks were counted."""
        return replace(self, running=running)

    def ending(self) -> LoopState:
        """The state after the service told the runner to terminate."""
        return replace(self, terminated=True)

    def woken(self, activity: Activity, *, seconds_since_start: float) -> LoopState:
        """The state after the group turned out to have work."""
        ago = 0.0 if activity.running else max(0.0, activity.seconds_since_end or 0.0)
        return replace(self, awake=True, worked_at=seconds_since_start - ago)

    def holds_polls(self, limits: Limits) -> bool:
        """Whether the loop waits for the service's answer to its next poll."""
        return limits.continuous or self._woken(limits)

    def poll_timeout(self, limits: Limits) -> float:
        """Seconds after which the next poll is abandoned."""
        if not self.holds_polls(limits):
            return limits.poll_timeout
        return max(limits.poll_timeout, limits.held_poll_timeout)

    def needs_activity(self, limits: Limits, *, seconds_since_start: float) -> bool:
        """Whether the loop must find out, before the next poll, if the group has work.

        An abandoned short poll can be followed by no other, so the loop asks before its first poll. Later it
        asks when the linger may be over. It lets one poll more pass, as a retry may be offered a little late.
        """
        if not limits.may_wake:
            return False
        quiet = seconds_since_start - self.worked_at
        return self.polls == 0 or (self.awake and quiet >= limits.linger + limits.held_poll_timeout)

    def _woken(self, limits: Limits) -> bool:
        # A deployment may have ended the linger since, and with it the time that the function has.
        return self.awake and limits.may_wake

    def pause(self, limits: Limits, *, seconds_since_start: float) -> float:
        """Seconds until the loop's pace allows a poll."""
        return self.pace.pause(seconds_since_start * limits.time_scale) / limits.time_scale

    def needs_count(self, limits: Limits) -> bool:
        """Whether the loop must count the running executions before the next poll.

        ``running`` is an upper bound: it grows with each started task and shrinks only when the executions
        are counted. So draining a queue costs one ListExecutions for every ``max_concurrent_tasks`` tasks.
        """
        most = limits.max_concurrent_tasks
        return most is not None and (self.running is None or self.running >= most)


@dataclass(frozen=True)
class Decision:
    """The next step, and the loop's state after this round."""

    next: Next
    state: LoopState
    wait_seconds: int = 0
    """For the Wait state, in the service's time: where that goes faster, Step Functions' waits do too."""

    @property
    def too_many_errors(self) -> bool:
        """Whether enough polls failed in a row to fail the execution."""
        return self.state.errors >= ERRORS_IN_A_ROW

    @property
    def in_vain(self) -> bool:
        """Whether the execution ends without an answer to any of its polls."""
        return self.next is Next.STOP and self.state.polls > 0 and not self.state.heard


def may_poll(*, seconds_since_start: float, state: LoopState, limits: Limits) -> bool:
    """Whether this execution still owns its slot: from its tick to the next one."""
    return seconds_since_start < limits.period and state.events < MAX_EVENTS and not state.terminated


@dataclass(frozen=True)
class Activity:
    """What a worker group's RunTask executions say about its work."""

    running: bool
    """Whether one is running."""
    seconds_since_end: float | None = None
    """Seconds since the last one ended: a little below 0 if clocks differ. None if none did lately."""


def has_work(activity: Activity, limits: Limits) -> bool:
    """Whether the group is awake: a task is running, or one ended no longer ago than ``linger``.

    In a pipeline, whatever ends makes something else ready: a dependent, a retry, a precondition's next try.
    """
    ended = activity.seconds_since_end
    return activity.running or (ended is not None and ended <= limits.linger)


def decide(
    result: PollResult,
    *,
    state: LoopState,
    limits: Limits,
    seconds_since_start: float,
    poll_seconds: float = 0.0,
    jitter: float = 0.0,
) -> Decision:
    """Decide what follows a poll.

    ``state`` is the state before the poll, ``seconds_since_start`` the execution's age after it, and
    ``poll_seconds`` how long the poll took. ``jitter``, from 0 to 1, spreads the waits of loops that share
    the account's 2 polls a second.
    """
    decision = _decide(
        result,
        state=state,
        limits=limits,
        seconds_since_start=seconds_since_start,
        poll_seconds=poll_seconds,
        jitter=jitter,
    )
    events = state.events + _EVENTS[decision.next]
    return replace(decision, state=replace(decision.state, events=events))


def _decide(
    result: PollResult,
    *,
    state: LoopState,
    limits: Limits,
    seconds_since_start: float,
    poll_seconds: float,
    jitter: float,
) -> Decision:
    if result is PollResult.ENDED:
        return Decision(Next.STOP, state)

    if result is PollResult.FULL:
        full = max(FULL_WAIT_SECONDS, math.ceil(limits.period * limits.time_scale / _FULL_WAITS))
        waiting = replace(state, heard=True)
        return _within_slot(Decision(Next.WAIT, waiting, full), limits, seconds_since_start)

    if result is PollResult.PACED:
        pause = max(1, math.ceil(state.pace.pause(seconds_since_start * limits.time_scale)))
        return _within_slot(Decision(Next.WAIT, state, pause), limits, seconds_since_start)

    sent_at = max(0.0, seconds_since_start - poll_seconds) * limits.time_scale
    polled = replace(
        state,
        polls=state.polls + 1,
        errors=0,
        heard=state.heard or _is_heard(result, held=state.holds_polls(limits)),
        pace=state.pace.sent(sent_at),
    )
    if result is PollResult.TASK:
        running = None if state.running is None else state.running + 1
        started = replace(polled, running=running)
        if limits.may_wake:
            started = started.woken(Activity(running=True), seconds_since_start=seconds_since_start)
        return Decision(Next.START, started)

    if result is PollResult.THROTTLED:
        # The service works and other loops are polling. That is no reason to fail, however often it happens.
        slower = replace(polled, errors=state.errors, pace=state.pace.throttled(sent_at))
        own = slower.pace.pause(seconds_since_start * limits.time_scale)
        pause = max(1, round(own * (0.5 + jitter)))
        return _within_slot(Decision(Next.WAIT, slower, pause), limits, seconds_since_start)

    if result is PollResult.ERROR:
        failed = replace(polled, errors=state.errors + 1)
        wait = 1 + round((2**state.errors) * (1 + jitter))
        return _within_slot(Decision(Next.WAIT, failed, wait), limits, seconds_since_start)

    if result is PollResult.ABANDONED or not state.holds_polls(limits):
        return Decision(Next.STOP, polled)

    if poll_seconds * limits.time_scale < QUICK_ANSWER_SECONDS:
        wait = Decision(Next.WAIT, polled, round(QUICK_ANSWER_SECONDS))
        return _within_slot(wait, limits, seconds_since_start)
    return _within_slot(Decision(Next.POLL, polled), limits, seconds_since_start)


def _is_heard(result: PollResult, *, held: bool) -> bool:
    """Whether the poll did what it was sent for: a short one is given up by design, a held one is not."""
    return result in (PollResult.TASK, PollResult.EMPTY) or (result is PollResult.ABANDONED and not held)


def _within_slot(decision: Decision, limits: Limits, seconds_since_start: float) -> Decision:
    """``decision``, or STOP if its next poll would fall into the next execution's slot."""
    later = seconds_since_start + decision.wait_seconds / limits.time_scale
    if may_poll(seconds_since_start=later, state=decision.state, limits=limits):
        return decision
    return Decision(Next.STOP, decision.state)
