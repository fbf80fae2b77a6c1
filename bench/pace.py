"""Loops that drain a queue each and share an account's rate, in virtual time."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from unittest import mock

from local.datapipeline.throttle import BURST, RATES, Throttle
from poller import pace

QUEUES: dict[str, tuple[int, ...]] = {
    "1 loop": (500,),
    "2 loops": (300,) * 2,
    "3 loops": (300,) * 3,
    "4 loops": (300,) * 4,
    "8 loops": (300,) * 8,
    "2 loops, of which one has fewer tasks": (400, 100),
}
SEEDS = range(40)
POLICIES: dict[str, tuple[str, float]] = {
    "as deployed": ("_ADDED_SECONDS", pace._ADDED_SECONDS),
    "first throttled poll: half of the rate, not the share": ("_POLLS_THAT_TELL", 10**6),
    "twice the time added": ("_ADDED_SECONDS", 2 * pace._ADDED_SECONDS),
    "twice as much taken back": ("_TAKEN_BACK", 2 * pace._TAKEN_BACK),
    "nothing taken back": ("_TAKEN_BACK", 0.0),
}
"""Which constant of ``poller.pace`` has which value."""

CYCLE_SECONDS = (0.2, 0.4)
"""From the answer of a poll to the next poll, where nothing paces: about three transitions."""
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Loop:
    """One loop; times are seconds since the start of all."""

    tasks: int
    due: float
    pace: pace.Pace = field(default_factory=pace.Pace)
    taken: int = 0


@dataclass(frozen=True)
class Drained:
    """How loops came to the end of their queues."""

    of_limit: float
    """Tasks a second after the burst, as a part of the account's rate."""
    throttled: float
    """Of all polls."""
    least_share: float
    """When the first loop was done: what the slowest had taken, as a part of what the fastest had."""


def measure() -> list[dict[str, Any]]:
    """Takes a few seconds."""
    found = []
    for policy, (constant, value) in POLICIES.items():
        with mock.patch.object(pace, constant, value):
            for queues, tasks in QUEUES.items():
                runs = [drain(tasks, Random(seed)) for seed in SEEDS]  # noqa: S311 - a simulation
                row: dict[str, Any] = {
                    "policy": policy,
                    "queues": queues,
                    "of the limit": round(statistics.mean(run.of_limit for run in runs), 2),
                    "throttled, %": round(100 * statistics.mean(run.throttled for run in runs), 1),
                }
                if len(set(tasks)) == 1 < len(tasks):
                    shares = [run.least_share for run in runs]
                    row["least share"] = round(statistics.mean(shares), 2)
                    row["least share, worst run"] = round(min(shares), 2)
                found.append(row)
    return found


def drain(tasks: Sequence[int], random: Random) -> Drained:
    """A loop for each number of tasks, from a full burst to the end of the last queue."""
    throttle = Throttle()
    loops = [Loop(number, random.uniform(0, 0.5)) for number in tasks]
    times: list[float] = []
    throttled = 0
    least_share = 0.0
    while waiting := [loop for loop in loops if loop.taken < loop.tasks]:
        loop = min(waiting, key=lambda one: one.due)
        now = loop.due
        pause = loop.pace.pause(now)
        if pause > 0:
            loop.due = now + pause + 1e-6
        elif throttle.admits("PollForTask", START + timedelta(seconds=now)):
            loop.pace = loop.pace.sent(now)
            loop.taken += 1
            loop.due = now + random.uniform(*CYCLE_SECONDS)
            times.append(now)
            if loop.taken == loop.tasks and not least_share:
                taken = [one.taken for one in loops]
                least_share = min(taken) / max(taken)
        else:
            loop.pace = loop.pace.throttled(now)
            loop.due = now + max(1, round(loop.pace.pause(now) * random.uniform(0.5, 1.5)))
            throttled += 1
    after_burst = times[int(BURST) :]
    rate = (len(after_burst) - 1) / (after_burst[-1] - after_burst[0])
    return Drained(rate / RATES["PollForTask"], throttled / (throttled + len(times)), least_share)
