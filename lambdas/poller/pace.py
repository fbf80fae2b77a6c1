"""How fast one loop may poll, so that it is not throttled and leaves other loops their share.

An account has 2 PollForTask a second and 100 at once (developer guide, limits), for all of its worker
groups. A loop cannot see the others; all that it hears of them is a throttled poll. So it keeps to the
account's rate as if it were alone, and what it changes is the time between its polls:

- The first throttled poll says what share the loop had: its polls are known, and so are all that the account
  let through, since the account's bucket was full before and is empty now. The loop goes on with that share.
- Each further one adds the same time, so that a fast loop gives up more than a slow one.
- Each poll that is let through takes a small part of the time back, more the longer none was throttled.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

POLLS_PER_SECOND = 1.95
"""A little under the account's 2, so that a loop that begins finds a poll left over, and is heard."""

ACCOUNT_POLLS_PER_SECOND = 2
BURST = 100

LONGEST_SLEEP_SECONDS = 5.0
"""The poller sleeps no longer than this before a poll: beyond it, a Wait state is cheaper."""

LONGEST_SECONDS_A_POLL = 50.0

_BURST_SECONDS = BURST / POLLS_PER_SECOND

_ADDED_SECONDS = 0.2
_TAKEN_BACK = 0.001
"""With each poll, a part of the time between polls."""
_FASTER_AFTER_SECONDS = 140
"""Without a throttled poll: other loops seem to have ended."""
_POLLS_THAT_TELL = 10
"""A loop that is throttled with fewer found the account's bucket used up: it takes half of the rate."""
_WAIT_SECONDS = 20
"""How long such a loop waits, at least: of many loops that begin, the first ones end meanwhile."""
_LEAST_SHARE = 1 / 8
"""A smaller one is no share: the account had polls left over, and the loop did not ask for them."""
_IDLE_SECONDS = 5
"""After such a pause of its own, what a loop has polled before says nothing about its share."""


@dataclass(frozen=True)
class Pace:
    """A token bucket, kept as the moment up to which its polls are paid for.

    Times are ages of the loop, in the service's seconds.
    """

    seconds_a_poll: float = 1 / POLLS_PER_SECOND
    paid_until: float = 0.0
    full_at: float = 0.0
    """When the loop began to poll after it was idle: the account's bucket is taken to have been full."""
    polls: int = 0
    """Let through since then."""
    throttled_at: float | None = None
    """When the last poll was throttled; None where none was."""

    @classmethod
    def from_json(cls, data: Any) -> Pace | None:
        """What ``dataclasses.asdict`` made of a pace; None for anything else, as another release's."""
        names = {one.name for one in fields(cls)}
        return cls(**data) if isinstance(data, dict) and data.keys() == names else None

    def pause(self, age: float) -> float:
        """Seconds until the next poll may be sent."""
        return max(0.0, self.paid_until - _BURST_SECONDS - age)

    def sent(self, age: float) -> Pace:
        """The pace after a poll that was sent at ``age``."""
        if self._idle(age) >= _BURST_SECONDS:
            return Pace(full_at=age).sent(age)
        if self._idle(age) >= _IDLE_SECONDS:
            return replace(self, full_at=age, polls=0).sent(age)
        paid_until = max(self.paid_until, age) + self.seconds_a_poll
        paid = replace(self, paid_until=paid_until, polls=self.polls + 1)
        if self.throttled_at is None:
            return paid
        unthrottled = (age - self.throttled_at) / _FASTER_AFTER_SECONDS
        seconds = self.seconds_a_poll * (1 - min(0.5, _TAKEN_BACK * (1 + unthrottled**2)))
        return replace(paid, seconds_a_poll=max(1 / POLLS_PER_SECOND, seconds))

    def throttled(self, age: float) -> Pace:
        """The pace after a poll that was throttled: the account's bucket is empty, others take from it."""
        if self.throttled_at is None:
            seconds = max(self.seconds_a_poll, 1 / (POLLS_PER_SECOND * self._share(age)))
        else:
            seconds = min(LONGEST_SECONDS_A_POLL, self.seconds_a_poll + _ADDED_SECONDS)
        wait = seconds if self._is_told else max(seconds, _WAIT_SECONDS)
        return replace(self, seconds_a_poll=seconds, paid_until=age + _BURST_SECONDS + wait, throttled_at=age)

    def carried_over(self, seconds: float) -> Pace:
        """The pace of a loop that begins ``seconds`` after this one began.

        What is spent stays spent: a loop that takes over in the middle of a queue has no burst of its own.
        After a time in which the bucket came back to be full, there is nothing to carry over.
        """
        if self._idle(seconds) >= _BURST_SECONDS:
            return Pace()
        throttled_at = None if self.throttled_at is None else self.throttled_at - seconds
        return replace(
            self,
            paid_until=self.paid_until - seconds,
            full_at=self.full_at - seconds,
            throttled_at=throttled_at,
        )

    def _idle(self, age: float) -> float:
        """How long this loop has not polled though it might have, in seconds."""
        return age - max(self.paid_until, self.full_at)

    @property
    def _is_told(self) -> bool:
        """Whether so many polls were let through that they tell the share of this loop."""
        return self.polls >= _POLLS_THAT_TELL

    def _share(self, age: float) -> float:
        """This loop's part of the polls that the account let through, since its bucket was full."""
        if not self._is_told:
            return 0.5
        let_through = BURST + ACCOUNT_POLLS_PER_SECOND * max(0.0, age - self.full_at)
        return max(_LEAST_SHARE, self.polls / let_through)


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
