"""How fast a loop may poll without being throttled, while leaving other loops their share.

All worker groups of an account share 2 PollForTask a second, with bursts of 100 (developer guide, limits).
A loop cannot see the others: a throttled poll is the only sign of them. So it starts at the account's rate,
as if it were alone, and then adjusts the time between its polls:

- The first throttled poll reveals the loop's share. The loop knows its own polls, and how many the account
  let through: the account's bucket was full before and is empty now. The loop continues at that share.
- Each further throttled poll adds the same time, so a fast loop gives up more than a slow one.
- Each accepted poll takes back a small part of that time, and more the longer no poll was throttled.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

POLLS_PER_SECOND = 1.95
"""A little under the account's 2, so that a loop that starts up finds a spare poll."""

ACCOUNT_POLLS_PER_SECOND = 2
BURST = 100

LONGEST_SLEEP_SECONDS = 5.0
"""The poller sleeps at most so long before a poll, and a Wait state waits for longer than that."""

LONGEST_SECONDS_A_POLL = 50.0

_BURST_SECONDS = BURST / POLLS_PER_SECOND

_ADDED_SECONDS = 0.2
_TAKEN_BACK = 0.001
"""The part of the time between polls that each accepted poll takes back."""
_FASTER_AFTER_SECONDS = 140
"""After so long without a throttled poll, other loops have probably ended, and the loop speeds up."""
_POLLS_TO_KNOW_THE_SHARE = 10
"""A loop throttled after fewer polls found the account's bucket empty. It takes half of the rate."""
_WAIT_SECONDS = 20
"""Such a loop waits at least so long: when many loops start at once, the first ones end meanwhile."""
_LEAST_SHARE = 1 / 8
"""The smallest share. Below it, the account had polls to spare that the loop did not ask for."""
_IDLE_SECONDS = 5
"""After a pause so long, a loop's earlier polls say nothing about its share."""


@dataclass(frozen=True)
class Pace:
    """A token bucket, stored as the moment up to which its polls are paid for.

    Times are the loop's age in the service's seconds.
    """

    seconds_a_poll: float = 1 / POLLS_PER_SECOND
    paid_until: float = 0.0
    full_at: float = 0.0
    """When the loop last began to poll after being idle. The account's bucket was full then."""
    polls: int = 0
    """Polls accepted since then."""
    throttled_at: float | None = None
    """When a poll was last throttled. None if none was."""

    @classmethod
    def from_json(cls, data: Any) -> Pace | None:
        """Read the output of ``dataclasses.asdict``. None for anything else, as from another release."""
        names = {field.name for field in fields(cls)}
        return cls(**data) if isinstance(data, dict) and data.keys() == names else None

    def pause(self, age: float) -> float:
        """Seconds until the next poll may be sent."""
        return max(0.0, self.paid_until - _BURST_SECONDS - age)

    def sent(self, age: float) -> Pace:
        """The pace after a poll sent at ``age``."""
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
        """The pace after a throttled poll: other loops have emptied the account's bucket."""
        if self.throttled_at is None:
            seconds = max(self.seconds_a_poll, 1 / (POLLS_PER_SECOND * self._share(age)))
        else:
            seconds = min(LONGEST_SECONDS_A_POLL, self.seconds_a_poll + _ADDED_SECONDS)
        wait = seconds if self._knows_its_share else max(seconds, _WAIT_SECONDS)
        return replace(self, seconds_a_poll=seconds, paid_until=age + _BURST_SECONDS + wait, throttled_at=age)

    def carried_over(self, seconds: float) -> Pace:
        """The pace of a loop that starts ``seconds`` after this one started.

        A loop that takes over in the middle of a queue gets no new burst. Once the bucket has refilled,
        there is nothing to carry over.
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
        """For how many seconds this loop could have polled and did not."""
        return age - max(self.paid_until, self.full_at)

    @property
    def _knows_its_share(self) -> bool:
        """Whether enough polls were accepted to know this loop's share."""
        return self.polls >= _POLLS_TO_KNOW_THE_SHARE

    def _share(self, age: float) -> float:
        """This loop's part of the polls that the account accepted since its bucket was full."""
        if not self._knows_its_share:
            return 0.5
        accepted = BURST + ACCOUNT_POLLS_PER_SECOND * max(0.0, age - self.full_at)
        return max(_LEAST_SHARE, self.polls / accepted)


@dataclass
class LastPace:
    """The pace after this execution environment's last poll, for the next PollLoop execution.

    It is only a hint: a loop in a new environment finds its pace again.
    """

    time_scale: float = 1.0
    """The limits' time scale: ages are measured in the service's seconds."""
    started_at: datetime | None = None
    pace: Pace = field(default_factory=Pace)

    def of_loop(self, started_at: datetime) -> Pace:
        """The pace with which a loop that started at ``started_at`` begins."""
        if self.started_at is None or started_at < self.started_at:
            return Pace()
        return self.pace.carried_over((started_at - self.started_at).total_seconds() * self.time_scale)

    def keep(self, started_at: datetime, pace: Pace) -> None:
        """Remember the pace of the loop that started at ``started_at``."""
        self.started_at, self.pace = started_at, pace
