"""The tables of the page about cost and latency, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from local.simulation.scenario import DEFAULT, Scenario
from local.simulation.sweep import (
    BASE,
    DEAD_POLLS,
    LINGERS,
    LISTING_LAGS,
    POLL_TIMEOUTS,
    SHAPES,
    Results,
    always_awake,
    is_default,
    never_awake,
    way,
    ways,
    with_linger,
)
from local.simulation.usage import quantile

LATER_SECONDS = 5.0
"""A step that another one made ready should start within this, in the 95th percentile."""

SINGLE = replace(BASE, shape="single")
FIVE = replace(BASE, shape="five")
IDLE = replace(BASE, tasks_per_day=0)

SHAPE_NAMES = {
    "single": "single tasks",
    "five": "five steps of 60 s",
    "chain": "chain",
    "fan": "fan",
    "retried": "with a retry",
    "guarded": "with a precondition",
    "patient": "with both, asked and tried again every 10 min",
    "mixed": "mixed",
}


@dataclass(frozen=True)
class Table:
    """A table: what it needs simulated, and how it is written."""

    title: str
    scenarios: Sequence[Scenario]
    rows: Callable[[Results], Iterator[Sequence[str]]]
    """The first row is the header."""

    def markdown(self, results: Results) -> str:
        """The title and the table."""
        header, *rows = self.rows(results)
        lines = [header, ["---"] * len(header), *rows]
        return "\n".join([f"**{self.title}**", "", *(f"| {' | '.join(line)} |" for line in lines)])


def tables() -> list[Table]:
    """All of them, in the page's order."""
    nightly, steady = (replace(FIVE, pattern=pattern) for pattern in ("nightly", "steady"))
    by_arrival = [nightly, steady, IDLE, SINGLE]
    by_shape = [replace(nightly, shape=shape) for shape in _ENDING]
    timeouts = [each for timeout in POLL_TIMEOUTS for each in _with_timeout(timeout)]
    return [
        Table("Ways to poll", [each for base in by_arrival for each in ways(base)], _ways),
        Table(
            "From activation to the end of a pipeline, nightly: median, 95 %",
            [kind(each) for each in by_shape for kind in _KINDS.values()],
            _ends,
        ),
        Table(
            "Linger: within how long 95 % of the later steps start, 20 tasks a day",
            [each for minutes in LINGERS for shape in SHAPES for each in with_linger(minutes, shape)],
            _lingers,
        ),
        Table("Poll timeout, while a group sleeps", timeouts, _timeouts),
        Table(
            "Stale answers of ListExecutions, 20 tasks a day",
            [each for lag in LISTING_LAGS for each in _with_lag(lag)],
            _lags,
        ),
    ]


def _ways(results: Results) -> Iterator[Sequence[str]]:
    yield (
        "",
        "idle, $",
        "nightly chains, $",
        "steady chains, $",
        "a single task starts: median, 95 %",
        "a nightly chain ends: median, 95 %",
    )
    of = [
        ways(base)
        for base in (IDLE, replace(FIVE, pattern="nightly"), replace(FIVE, pattern="steady"), SINGLE)
    ]
    rows = list(zip(*of, strict=True))
    for idle, nightly, steady, single in [rows[-1], *rows[:-1]]:
        name = way(idle) if idle.host else f"{way(idle)}, {idle.period / 60:g} min"
        if is_default(idle):
            name = f"**{name} (default)**"
        yield (
            name,
            *(f"{results[each].usd:.2f}" for each in (idle, nightly, steady)),
            _two(results[single].usage.latencies),
            _two(results[nightly].usage.durations.values()),
        )


_KINDS: dict[str, Callable[[Scenario], Scenario]] = {
    "host": lambda scenario: replace(scenario, host=True),
    "always awake": always_awake,
    "**default**": lambda scenario: scenario,
    "never awake": never_awake,
}


_ENDING = ("single", "five", "chain", "fan", "patient", "mixed")


def _ends(results: Results) -> Iterator[Sequence[str]]:
    yield "", *_KINDS
    for shape in _ENDING:
        base = replace(BASE, pattern="nightly", shape=shape)
        yield (
            SHAPE_NAMES[shape],
            *(_two(results[kind(base)].usage.durations.values()) for kind in _KINDS.values()),
        )


def _lingers(results: Results) -> Iterator[Sequence[str]]:
    yield (
        "linger",
        *(SHAPE_NAMES[shape] for shape in SHAPES),
        "nightly, $",
        "steady, $",
    )
    for minutes in LINGERS:
        name = f"{minutes} min"
        if minutes == DEFAULT.linger_minutes:
            name = f"**{name} (default)**"
        cost = {
            each.pattern: results[each].usd
            for each in with_linger(minutes, "mixed")
            if each.dead_poll == DEAD_POLLS[0]
        }
        yield (
            name,
            *(span(worst_later(results, with_linger(minutes, shape))) for shape in SHAPES),
            f"{cost['nightly']:.2f}",
            f"{cost['steady']:.2f}",
        )


def _with_timeout(timeout: int) -> list[Scenario]:
    """An idle group, and single tasks under both readings of an abandoned poll."""
    idle, single = (replace(base, poll_timeout=timeout) for base in (IDLE, SINGLE))
    return [idle, *(replace(single, dead_poll=dead_poll) for dead_poll in DEAD_POLLS)]


def _timeouts(results: Results) -> Iterator[Sequence[str]]:
    yield (
        "poll timeout",
        "idle, $",
        "a single task starts: 95 %",
        "if abandoned polls take no task",
        "tasks that an abandoned poll delays",
    )
    for timeout in POLL_TIMEOUTS:
        idle, swallows, noticed = (results[each] for each in _with_timeout(timeout))
        name = f"{timeout} s"
        yield (
            f"**{name} (default)**" if timeout == DEFAULT.poll_timeout else name,
            f"{idle.usd:.2f}",
            span(swallows.usage.latency(0.95)),
            span(noticed.usage.latency(0.95)),
            f"{swallows.usage.lost_offers / swallows.usage.tasks:.0%}",
        )


def _with_lag(lag: float) -> list[Scenario]:
    return with_linger(DEFAULT.linger_minutes, "mixed", listing_lag=lag)


def _lags(results: Results) -> Iterator[Sequence[str]]:
    yield "the answer is as of", "later steps: 95 %", "99 %", "nightly, $", "steady, $"
    for lag in LISTING_LAGS:
        cost = {each.pattern: results[each].usd for each in _with_lag(lag)}
        yield (
            f"{span(lag)} ago" if lag else "now",
            span(worst_later(results, _with_lag(lag))),
            span(worst_later(results, _with_lag(lag), 0.99)),
            f"{cost['nightly']:.2f}",
            f"{cost['steady']:.2f}",
        )


def worst_later(results: Results, scenarios: Iterable[Scenario], share: float = 0.95) -> float:
    """Seconds within which that share of the later steps start, in the scenario where it is most."""
    return max(quantile(results[scenario].usage.later_latencies, share) for scenario in scenarios)


def smallest_linger(results: Results) -> int | None:
    """The smallest linger with which each shape and arrival is in time. The default has a minute more."""
    for minutes in LINGERS:
        if all(worst_later(results, with_linger(minutes, shape)) <= LATER_SECONDS for shape in SHAPES):
            return minutes
    return None


def _two(values: Iterable[float]) -> str:
    both = list(values)
    return f"{span(quantile(both, 0.5))}, {span(quantile(both, 0.95))}"


def span(seconds: float) -> str:
    """A time in the unit that suits it."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 60:,.0f} min"
