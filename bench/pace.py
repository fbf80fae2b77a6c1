"""How well the pace works: loops drain one queue each and share an account's rate, in virtual time."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from unittest import mock

from local.datapipeline.throttle import BURST, RATES
from local.simulation.drain import Drain, DrainingLoop
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
    "first throttled poll: half of the rate, not the share": ("_POLLS_TO_KNOW_THE_SHARE", 10**6),
    "twice the time added": ("_ADDED_SECONDS", 2 * pace._ADDED_SECONDS),
    "twice as much taken back": ("_TAKEN_BACK", 2 * pace._TAKEN_BACK),
    "nothing taken back": ("_TAKEN_BACK", 0.0),
}
"""Which constant of ``poller.pace`` is replaced, and by which value."""


@dataclass(frozen=True)
class Drained:
    """The result of draining all queues."""

    of_limit: float
    """Tasks per second after the burst, as a fraction of the account's rate."""
    throttled: float
    """As a fraction of all polls."""
    least_share: float
    """When the first queue was empty: tasks of the slowest loop, as a fraction of the fastest loop's."""


def measure() -> list[dict[str, Any]]:
    """Takes a few seconds."""
    found = []
    for policy, (constant, value) in POLICIES.items():
        with mock.patch.object(pace, constant, value):
            for queues, tasks in QUEUES.items():
                runs = [run(tasks, Random(seed)) for seed in SEEDS]  # noqa: S311 - a simulation
                row: dict[str, Any] = {
                    "policy": policy,
                    "queues": queues,
                    "of the limit": round(statistics.mean(drained.of_limit for drained in runs), 2),
                    "throttled, %": round(100 * statistics.mean(drained.throttled for drained in runs), 1),
                }
                if len(set(tasks)) == 1 < len(tasks):
                    shares = [drained.least_share for drained in runs]
                    row["least share"] = round(statistics.mean(shares), 2)
                    row["least share, worst run"] = round(min(shares), 2)
                found.append(row)
    return found


def run(tasks: Sequence[int], random: Random) -> Drained:
    """Drain queues of these sizes, one loop each, from a full burst to the end of the last queue."""
    drain = Drain([DrainingLoop(random.uniform(0, 0.5), tasks=number) for number in tasks], random)
    least_share = 0.0
    while not all(loop.done for loop in drain.loops):
        drain.step()
        if not least_share and any(loop.done for loop in drain.loops):
            least_share = min(drain.polls) / max(drain.polls)
    after_burst = drain.taken[int(BURST) :]
    rate = (len(after_burst) - 1) / (after_burst[-1] - after_burst[0])
    throttled = drain.throttled / (drain.throttled + len(drain.taken))
    return Drained(rate / RATES["PollForTask"], throttled, least_share)
