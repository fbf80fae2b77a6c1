"""Simulates what the page about cost and latency shows, on all cores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from infra.worker_group import HOLD_SECONDS
from local.simulation.arrivals import PATTERNS
from local.simulation.bill import bill, host_bill, total
from local.simulation.prices import Prices
from local.simulation.run import simulate
from local.simulation.scenario import DEFAULT, Scenario
from local.simulation.stack import stack_with
from local.simulation.usage import Usage

TASKS_PER_DAY = 100
DEAD_POLLS = ("swallows", "noticed")
SHAPES = ("chain", "fan", "retried", "guarded", "patient", "mixed")
LINGERS = (0, 1, 2, 5, 9, 10, 15, 20, 30, 60)
"""Minutes."""
PERIOD_MINUTES = (5, 15, 60)
POLL_TIMEOUTS = (2, 10, 30, 60)
LISTING_LAGS = (0, 60, 180, 300, 600)
"""Seconds."""

CONTINUOUS = 95

FEW = Scenario(tasks_per_day=20, days=10)
"""So few tasks that pipelines seldom overlap: none keeps the group awake for another."""

BASE = Scenario(tasks_per_day=TASKS_PER_DAY, days=10)


@dataclass(frozen=True)
class Result:
    """A scenario's counts, and a month's cost at list price: all of it, with the handlers and the alarms."""

    usage: Usage
    usd: float


Results = Mapping[Scenario, Result]


def sweep(scenarios: Iterable[Scenario], prices: Prices) -> Results:
    """Simulate each scenario once. Takes minutes."""
    each = list(dict.fromkeys(scenarios))
    with ProcessPoolExecutor() as processes:
        return dict(zip(each, processes.map(result, each, [prices] * len(each), chunksize=2), strict=True))


def result(scenario: Scenario, prices: Prices) -> Result:
    """Simulate one scenario."""
    usage = simulate(scenario)
    if scenario.host:
        return Result(usage, total(host_bill(prices)))
    stack = stack_with(period_seconds=scenario.period)
    return Result(usage, total(bill(usage, prices, months=scenario.days / 30, stack=stack)))


# The ways to poll


def never_awake(scenario: Scenario) -> Scenario:
    """With one short poll a tick, whatever runs."""
    return replace(scenario, linger_minutes=0)


def always_awake(scenario: Scenario) -> Scenario:
    """With each poll held to its end."""
    return replace(scenario, poll_timeout=CONTINUOUS)


def every(minutes: int, scenario: Scenario) -> Scenario:
    """With that period."""
    return replace(scenario, period=60.0 * minutes)


def way(scenario: Scenario) -> str:
    """The name of a scenario's way to poll."""
    if scenario.host:
        return "host"
    if scenario.poll_timeout >= HOLD_SECONDS:
        return "always awake"
    return "awake with work" if scenario.linger_minutes else "never awake"


def is_default(scenario: Scenario) -> bool:
    """Whether a worker group that sets nothing is polled so."""
    return not scenario.host and (
        scenario.period,
        scenario.poll_timeout,
        scenario.linger_minutes,
    ) == (DEFAULT.period_seconds, DEFAULT.poll_timeout, DEFAULT.linger_minutes)


# What is simulated


def ways(base: Scenario) -> list[Scenario]:
    """The three ways to poll, with each period; then the host."""
    kinds = (always_awake, lambda scenario: scenario, never_awake)
    return [every(minutes, kind(base)) for kind in kinds for minutes in PERIOD_MINUTES] + [
        replace(base, host=True)
    ]


def with_linger(minutes: float, shape: str, *, listing_lag: float = 0.0) -> list[Scenario]:
    """A linger with each pattern of arrivals, under both readings of an abandoned poll."""
    base = replace(FEW, shape=shape, linger_minutes=minutes, listing_lag=listing_lag)
    return [
        replace(base, pattern=pattern, dead_poll=dead_poll)
        for pattern in PATTERNS
        for dead_poll in DEAD_POLLS
    ]
