"""Loops that drain a queue each and share an account's rate, in virtual time.

Only the pace is simulated: each poll is answered at once, with a task or by throttling.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from local.datapipeline.throttle import Throttle
from poller.loop import Limits, LoopState, PollResult, decide
from poller.pace import Pace

CYCLE_SECONDS = (0.2, 0.4)
"""From the answer of a poll to the next poll, where nothing paces: about three transitions."""

_START = datetime(2026, 1, 1, tzinfo=UTC)
_LIMITS = Limits(period=math.inf, poll_timeout=95)


@dataclass
class DrainingLoop:
    """One loop; times are seconds since the start of the simulation."""

    due: float
    """When it polls next."""
    began: float = 0.0
    tasks: int | None = None
    """How many tasks its queue has; None: more than it can take."""
    pace: Pace = field(default_factory=Pace)
    polls: int = 0
    """Those that were let through. Each of them took a task."""

    @property
    def done(self) -> bool:
        """Whether its queue is empty."""
        return self.tasks is not None and self.polls >= self.tasks


class Drain:
    """The loops of one account. With a ``period``, an execution takes over from the one before it."""

    def __init__(self, loops: Sequence[DrainingLoop], random: Random, *, period: float = math.inf) -> None:
        self.loops = loops
        self.throttled = 0
        """Polls that were throttled."""
        self.taken: list[float] = []
        """When tasks were taken."""
        self._random = random
        self._period = period
        self._throttle = Throttle()

    @property
    def polls(self) -> list[int]:
        """How many polls of each loop were let through."""
        return [loop.polls for loop in self.loops]

    def run(self, until: float) -> None:
        """Go on until that second."""
        while min(loop.due for loop in self.loops) < until:
            self.step()

    def step(self) -> None:
        """The next thing that a loop does: to wait for its pace, or to poll."""
        loop = min((loop for loop in self.loops if not loop.done), key=lambda loop: loop.due)
        now = loop.due
        if now - loop.began >= self._period:
            loop.pace = loop.pace.carried_over(now - loop.began)
            loop.began = now
        age = now - loop.began
        pause = loop.pace.pause(age)
        if pause > 0:
            loop.due = now + pause + 1e-6
            return
        admitted = self._throttle.admits("PollForTask", _START + timedelta(seconds=now))
        decision = decide(
            PollResult.TASK if admitted else PollResult.THROTTLED,
            state=LoopState(pace=loop.pace),
            limits=_LIMITS,
            seconds_since_start=age,
            jitter=0.0 if admitted else self._random.random(),
        )
        loop.pace = decision.state.pace
        if admitted:
            loop.polls += 1
            self.taken.append(now)
            loop.due = now + self._random.uniform(*CYCLE_SECONDS)
        else:
            self.throttled += 1
            loop.due = now + decision.wait_seconds
