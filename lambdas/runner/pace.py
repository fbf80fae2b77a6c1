"""How fast one loop may poll, so that it is not throttled and leaves other loops their share.

An account has 2 PollForTask a second and 100 at once (developer guide, limits), for all of its worker
groups. A loop cannot see the others, so it keeps to the account's rate as if it were alone, gives up a part
of it when it is throttled, and takes a little back with each poll: loops that do so come to equal shares.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

POLLS_PER_SECOND = 1.95
"""A little under the account's 2, so that a loop that begins finds a poll left over, and is heard."""

BURST = 100

LONGEST_SLEEP_SECONDS = 5.0
"""The poller sleeps no longer than this before a poll: beyond it, a Wait state is cheaper."""

_BURST_SECONDS = BURST / POLLS_PER_SECOND
_GIVEN_UP = 0.3
_TAKEN_BACK = 0.01
"""Less would be throttled less often, and leave the rate of an account unused when other loops have ended: a
throttled poll costs a wait, and no task."""
LEAST_POLLS_PER_SECOND = 0.02


@dataclass(frozen=True)
class Pace:
    """A token bucket, kept as the moment up to which its polls are paid for.

    Times are ages of the loop, in the service's seconds.
    """

    polls_per_second: float = POLLS_PER_SECOND
    paid_until: float = 0.0

    def pause(self, age: float) -> float:
        """Seconds until the next poll may be sent."""
        return max(0.0, self.paid_until - _BURST_SECONDS - age)

    def sent(self, age: float) -> Pace:
        """The pace after a poll that was sent at ``age``."""
        paid_until = max(self.paid_until, age) + 1 / self.polls_per_second
        return Pace(min(POLLS_PER_SECOND, self.polls_per_second + _TAKEN_BACK), paid_until)

    def throttled(self, age: float) -> Pace:
        """The pace after a poll that was throttled: the account's bucket is empty, others take from it."""
        slower = max(LEAST_POLLS_PER_SECOND, self.polls_per_second * (1 - _GIVEN_UP))
        return Pace(slower, age + _BURST_SECONDS)

    def carried_over(self, seconds: float) -> Pace:
        """The pace of a loop that begins ``seconds`` after this one began.

        What is spent stays spent: a loop that takes over in the middle of a queue has no burst of its own.
        Once the bucket is full again, there is nothing to carry over.
        """
        paid_until = self.paid_until - seconds
        return Pace(self.polls_per_second, paid_until) if paid_until > 0 else Pace()


@dataclass
class LastPace:
    """The pace after the last poll of an execution environment, for the PollLoop execution that begins next.

    A hint: in a new environment there is none, and the loop finds its pace anew.
    """

    time_scale: float = 1.0
    """That of the loop's limits; an age is measured in the service's seconds."""
    started_at: datetime | None = None
    pace: Pace = field(default_factory=Pace)

    def of_loop(self, started_at: datetime) -> Pace:
        """What a loop that began at ``started_at`` goes on with."""
        if self.started_at is None or started_at < self.started_at:
            return Pace()
        return self.pace.carried_over((started_at - self.started_at).total_seconds() * self.time_scale)

    def keep(self, started_at: datetime, pace: Pace) -> None:
        """Remember the pace of the loop that began at ``started_at``."""
        self.started_at, self.pace = started_at, pace
