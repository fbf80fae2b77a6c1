"""Loops that drain a queue each and share an account's rate, in virtual time."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from unittest import mock

from local.datapipeline.throttle import BURST, RATES, Throttle
from runner import pace
from runner.loop import THROTTLED_WAIT_SECONDS

TASKS = 300
"""Of each loop."""
LOOPS = (2, 4, 8)
SEEDS = range(20)
POLICIES = ((pace._GIVEN_UP, pace._TAKEN_BACK), (0.5, 0.01), (0.3, 0.003), (0.5, 0.003))
"""What a throttled loop gives up of its rate, and the polls a second that it takes back with each poll."""

CYCLE_SECONDS = (0.2, 0.4)
"""From the answer of a poll to the next poll, where nothing paces: about three transitions."""
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Loop:
    """One loop; times are seconds since the start of all."""

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
    """When the first loop was done: what the slowest had taken, as a part of what the first had."""


def measure() -> list[dict[str, Any]]:
    """Takes a few seconds."""
    found = []
    for given_up, taken_back in POLICIES:
        with mock.patch.multiple(pace, _GIVEN_UP=given_up, _TAKEN_BACK=taken_back):
            for loops in LOOPS:
                runs = [drain(loops, Random(seed)) for seed in SEEDS]  # noqa: S311 - a simulation
                found.append(
                    {
                        "given up": given_up,
                        "taken back with each poll": taken_back,
                        "loops": loops,
                        "of the limit": round(statistics.mean(run.of_limit for run in runs), 2),
                        "throttled, %": round(100 * statistics.mean(run.throttled for run in runs), 1),
                        "least share": round(statistics.mean(run.least_share for run in runs), 2),
                    }
                )
    return found


def drain(count: int, random: Random) -> Drained:
    """So many loops, each with its own queue, from a full burst to the end of the last queue."""
    throttle = Throttle()
    loops = [Loop(random.uniform(0, 0.5)) for _ in range(count)]
    times: list[float] = []
    throttled = 0
    least_share = 0.0
    while waiting := [loop for loop in loops if loop.taken < TASKS]:
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
            if loop.taken == TASKS and not least_share:
                least_share = min(one.taken for one in loops) / TASKS
        else:
            loop.pace = loop.pace.throttled(now)
            loop.due = now + THROTTLED_WAIT_SECONDS * random.uniform(0.5, 1.5)
            throttled += 1
    after_burst = times[int(BURST) :]
    rate = (len(after_burst) - 1) / (after_burst[-1] - after_burst[0])
    return Drained(rate / RATES["PollForTask"], throttled / (throttled + len(times)), least_share)
