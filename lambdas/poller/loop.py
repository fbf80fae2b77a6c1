"""What PollLoop does next: one pure function of what the last poll said.

The rules are the protocol's (API Reference, PollForTask; developer guide, Task Runner and limits):
a poll is held for up to 90 s, an unacknowledged task is offered again after 2 minutes, and an account
has 2 polls a second. A poll that we gave up on lives on at the service, so it is never followed by
another one in the same execution: the next tick takes over. See docs/protocol.md.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from poller.pace import Pace

HOLD_SECONDS = 90
"""How long the service holds a poll (API Reference, PollForTask)."""

ERRORS_IN_A_ROW = 5
"""Polls that may fail one after the other before the execution fails."""

FULL_WAIT_SECONDS = 15
"""How long the loop waits, at least, before it looks again whether a running task has ended."""

_FULL_WAITS = 1_000
"""In one period, at most: a longer period has longer waits, so that history is left for the polls."""

QUICK_ANSWER_SECONDS = 5.0
"""An empty answer that comes sooner than this is followed by a wait of as long, not by a poll at once."""

MAX_EVENTS = 24_500
"""Of one execution's history, which has 25,000 at most (Step Functions quotas): room for a last round."""

_FIRST_EVENTS = 1
"""The execution's start."""
_RETRY_EVENTS = 3
"""A try of a Task state that failed: scheduled, started, failed."""


class PollResult(StrEnum):
    """How one PollForTask ended."""

    TASK = "TASK"
    EMPTY = "EMPTY"
    ABANDONED = "ABANDONED"
    ERROR = "ERROR"
    THROTTLED = "THROTTLED"
    """An error as well: the account's rate is used up."""
    PACED = "PACED"
    """No poll was sent: the loop's own pace asks for a long pause first."""
    FULL = "FULL"
    """No poll was sent: ``max_concurrent_tasks`` tasks are running."""
    ENDED = "ENDED"
    """No poll was sent: the slot is over, or the service told the runner to end."""


class Next(StrEnum):
    """The branch of PollLoop's Choice state."""

    START = "START"
    WAIT = "WAIT"
    POLL = "POLL"
    STOP = "STOP"


_EVENTS = {Next.START: 12, Next.WAIT: 9, Next.POLL: 7, Next.STOP: 7}
"""Of Poll (entered, scheduled, started, succeeded, exited), Next (entered, exited), and StartTask or Wait."""


@dataclass(frozen=True)
class Limits:
    """A worker group's settings, as far as the loop needs them. All times in seconds."""

    period: float
    poll_timeout: float
    max_concurrent_tasks: int | None = None
    """RunTask executions that may run at once; None: as many as come."""
    hold: float = HOLD_SECONDS
    """How long the service holds a poll; local AWS with a time scale has a shorter one."""

    @property
    def continuous(self) -> bool:
        """Whether each poll is held to its end, so that the next one may follow at once."""
        return self.poll_timeout >= self.hold

    @property
    def time_scale(self) -> float:
        """How much faster than AWS's the service's time goes, and with it its rates: 1, but for local AWS."""
        return HOLD_SECONDS / self.hold


@dataclass(frozen=True)
class LoopState:
    """What one PollLoop execution remembers between two polls."""

    polls: int = 0
    events: int = _FIRST_EVENTS
    """Of the execution's history, up to the round that begins."""
    errors: int = 0
    running: int | None = None
    """No more RunTask executions than this are running; None before the first count."""
    terminated: bool = False
    """Whether the service has told the runner to end (ReportTaskRunnerHeartbeat)."""
    pace: Pace = field(default_factory=Pace)

    @classmethod
    def from_json(cls, data: Any, pace: Pace) -> LoopState:
        """Read the state from the poller's event; an absent or foreign one starts a new loop, at ``pace``."""
        if not isinstance(data, dict):
            return cls(pace=pace)
        running = data.get("running")
        polls = int(data.get("polls") or 0)
        return cls(
            polls=polls,
            # An execution that a release began which did not count.
            events=int(data.get("events") or _FIRST_EVENTS + polls * _EVENTS[Next.START]),
            errors=int(data.get("errors") or 0),
            running=None if running is None else int(running),
            terminated=bool(data.get("terminated")),
            pace=Pace.from_json(data.get("pace")) or pace,
        )

    def as_json(self) -> dict[str, Any]:
        """What ``from_json`` reads."""
        return asdict(self)

    def retried(self, times: int) -> LoopState:
        """The state after a Task state was tried again so many times."""
        return replace(self, events=self.events + times * _RETRY_EVENTS)

    def counted(self, running: int) -> LoopState:
        """The state after the running tasks have been counted."""
        return replace(self, running=running)

    def ending(self) -> LoopState:
        """The state after the service has told the runner to end."""
        return replace(self, terminated=True)

    def pause(self, limits: Limits, *, seconds_since_start: float) -> float:
        """Seconds until the loop's pace lets it poll."""
        return self.pace.pause(seconds_since_start * limits.time_scale) / limits.time_scale

    def needs_count(self, limits: Limits) -> bool:
        """Whether the running executions have to be counted before the next poll.

        ``running`` is an upper bound: it grows with each task started and shrinks only by counting, so
        a drained queue costs one ListExecutions in ``max_concurrent_tasks`` tasks.
        """
        most = limits.max_concurrent_tasks
        return most is not None and (self.running is None or self.running >= most)


@dataclass(frozen=True)
class Decision:
    """The next step, and the state that goes with it."""

    next: Next
    state: LoopState
    wait_seconds: int = 0

    @property
    def too_many_errors(self) -> bool:
        """Whether so many polls failed one after the other that the execution has to fail."""
        return self.state.errors >= ERRORS_IN_A_ROW


def may_poll(*, seconds_since_start: float, state: LoopState, limits: Limits) -> bool:
    """Whether this execution still owns its slot: from its tick to the next one."""
    return seconds_since_start < limits.period and state.events < MAX_EVENTS and not state.terminated


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

    ``state`` is that from before the poll, ``seconds_since_start`` the age of the execution after it,
    ``poll_seconds`` how long the poll took, and ``jitter`` a number from 0 to 1 that spreads the
    waits of loops that share the account's 2 polls a second.
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
        full = max(FULL_WAIT_SECONDS, math.ceil(limits.period / _FULL_WAITS))
        return _within_slot(Decision(Next.WAIT, state, full), limits, seconds_since_start)

    if result is PollResult.PACED:
        pause = max(1, math.ceil(state.pause(limits, seconds_since_start=seconds_since_start)))
        return _within_slot(Decision(Next.WAIT, state, pause), limits, seconds_since_start)

    sent_at = max(0.0, seconds_since_start - poll_seconds) * limits.time_scale
    polled = replace(state, polls=state.polls + 1, errors=0, pace=state.pace.sent(sent_at))
    if result is PollResult.TASK:
        running = None if state.running is None else state.running + 1
        return Decision(Next.START, replace(polled, running=running))

    if result is PollResult.THROTTLED:
        # The service lives, and others are polling: no reason to fail, however often it happens.
        slower = replace(polled, errors=state.errors, pace=state.pace.throttled(sent_at))
        own = slower.pause(limits, seconds_since_start=seconds_since_start)
        pause = max(1, round(own * (0.5 + jitter)))
        return _within_slot(Decision(Next.WAIT, slower, pause), limits, seconds_since_start)

    if result is PollResult.ERROR:
        failed = replace(polled, errors=state.errors + 1)
        wait = 1 + round((2**state.errors) * (1 + jitter))
        return _within_slot(Decision(Next.WAIT, failed, wait), limits, seconds_since_start)

    if result is PollResult.ABANDONED or not limits.continuous:
        return Decision(Next.STOP, polled)

    if poll_seconds < QUICK_ANSWER_SECONDS:
        wait = Decision(Next.WAIT, polled, round(QUICK_ANSWER_SECONDS))
        return _within_slot(wait, limits, seconds_since_start)
    return _within_slot(Decision(Next.POLL, polled), limits, seconds_since_start)


def _within_slot(decision: Decision, limits: Limits, seconds_since_start: float) -> Decision:
    """``decision``, or STOP where its next poll would fall into the next execution's slot."""
    later = seconds_since_start + decision.wait_seconds
    if may_poll(seconds_since_start=later, state=decision.state, limits=limits):
        return decision
    return Decision(Next.STOP, decision.state)
