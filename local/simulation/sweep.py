"""Simulates all patterns, poll timeouts and periods, under both interpretations of an abandoned poll."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from infra.configuration_error import ConfigurationError
from infra.worker_group import WorkerGroup
from local.simulation.arrivals import PATTERNS
from local.simulation.bill import bill, total
from local.simulation.prices import Prices
from local.simulation.run import Scenario, simulate

TASKS_PER_DAY = 100
POLL_TIMEOUTS = (2, 5, 10, 30, 60, 95)
PERIOD_MINUTES = (1, 2, 5, 10, 15, 30, 60)
DEAD_POLLS = ("swallows", "noticed")
DEFAULT = (5, 10)
"""WorkerGroup's default period in minutes and poll timeout in seconds."""

_REFUSED_DAYS = 2.0
"""Settings that synth refuses are simulated only for so long: their tasks may wait for ever."""

MONITORING = {"Metrics", "Alarms", "Dashboard", "Ends"}
"""Lines of the bill for what a host lacks."""


@dataclass(frozen=True)
class Point:
    """A scenario's result. The cost is a month's at list price, without handlers and monitoring."""

    pattern: str
    minutes: int
    poll_timeout: int
    dead_poll: str
    refused: bool
    usd: float
    median: float
    most: float
    """The latency in seconds within which 95 % of the tasks start."""
    longest: float

    @property
    def is_default(self) -> bool:
        """Whether this is WorkerGroup's default."""
        return (self.minutes, self.poll_timeout) == DEFAULT


def sweep(prices: Prices, *, tasks_per_day: int = TASKS_PER_DAY, days: float = 30.0) -> list[Point]:
    """Simulate everything on all cores. Takes minutes."""
    base = Scenario(tasks_per_day=tasks_per_day, days=days)
    scenarios = [
        replace(base, pattern=pattern, period=60.0 * minutes, poll_timeout=timeout, dead_poll=dead_poll)
        for pattern in PATTERNS
        for dead_poll in DEAD_POLLS
        for minutes in PERIOD_MINUTES
        for timeout in POLL_TIMEOUTS
    ]
    with ProcessPoolExecutor() as processes:
        return list(processes.map(point, scenarios, [prices] * len(scenarios), chunksize=4))


def point(scenario: Scenario, prices: Prices) -> Point:
    """Simulate one scenario."""
    minutes = round(scenario.period / 60)
    refused = _refused(minutes, round(scenario.poll_timeout))
    if refused:
        scenario = replace(scenario, days=min(scenario.days, _REFUSED_DAYS))
    usage = simulate(scenario)
    lines = bill(usage, prices, months=scenario.days / 30)
    return Point(
        scenario.pattern,
        minutes,
        round(scenario.poll_timeout),
        scenario.dead_poll,
        refused,
        total([line for line in lines if line.what not in MONITORING | {"Handlers"}]),
        usage.latency(0.5),
        usage.latency(0.95),
        usage.latency(1.0),
    )


def _refused(minutes: int, poll_timeout: int) -> bool:
    try:
        WorkerGroup(
            "sweep", schedule=f"rate({minutes} minute{'s' * (minutes > 1)})", poll_timeout=poll_timeout
        )
    except ConfigurationError:
        return True
    return False


def table(points: Sequence[Point]) -> str:
    """The points as Markdown, with a table for each pattern."""
    parts = []
    for pattern in PATTERNS:
        rows = [
            f"**{pattern}**",
            "",
            "| period | timeout | $ a month | median | 95 % within | longest | noticed: 95 % within |",
            "|---|---|---|---|---|---|---|",
        ]
        of_pattern = [point for point in points if point.pattern == pattern and point.dead_poll == "swallows"]
        for shown in sorted(of_pattern, key=lambda shown: (shown.refused, shown.minutes, shown.poll_timeout)):
            (noticed,) = (
                other
                for other in points
                if other.dead_poll == "noticed"
                and (other.pattern, other.minutes, other.poll_timeout)
                == (pattern, shown.minutes, shown.poll_timeout)
            )
            mark = " (default)" if shown.is_default else " (refused)" if shown.refused else ""
            rows.append(
                f"| {shown.minutes} min{mark} | {shown.poll_timeout} s | {shown.usd:.2f} | "
                f"{_time(shown.median)} | {_time(shown.most)} | {_time(shown.longest)} | "
                f"{_time(noticed.most)} |"
            )
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


def _time(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:,.0f} min"
