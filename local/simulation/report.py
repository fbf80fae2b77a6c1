"""What `python -m local estimate` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from local.simulation.bill import (
    MONTH_DAYS,
    Containers,
    Line,
    bill,
    containers_bill,
    host_bill,
    total,
)
from local.simulation.prices import Prices
from local.simulation.run import simulate
from local.simulation.scenario import Scenario
from local.simulation.stack import stack_with
from local.simulation.sweep import way
from local.simulation.tables import span
from local.simulation.usage import Usage, quantile

PIPELINES = {
    "five": "chains of 5 tasks",
    "single": "single tasks",
    "chain": "chains of 3 to 8 tasks",
    "fan": "fans of 2 to 6 tasks at once",
    "retried": "chains of which one task is retried",
    "guarded": "chains that wait for a precondition",
    "patient": "chains with a retry and a precondition, both after 10 minutes",
    "mixed": "chains, fans, retries and preconditions",
}
"""What a pipeline consists of: see ``shapes``."""

OF_TASK_SECONDS = ("five", "single")
"""Those whose tasks all take ``task_seconds``."""

_LAMBDA_CONCURRENCY = 1_000
_REPORTS_PER_SECOND = 10


def report(
    scenario: Scenario,
    prices: Prices,
    *,
    memory_mb: int = 512,
    secret_share: float = 0.0,
    containers: Containers | None = None,
    dashboard: bool = False,
) -> Iterator[str]:
    """Simulate, and tell the bill and the latency, line by line. For the arguments see ``bill``."""
    with_dashboard = stack_with(period_seconds=scenario.period, dashboard=True)

    def priced(counted: Usage, *, dashboard: bool = dashboard) -> list[Line]:
        return bill(
            counted,
            prices,
            worker_groups=scenario.worker_groups,
            memory_mb=memory_mb,
            secret_share=secret_share,
            months=scenario.days / MONTH_DAYS,
            stack=with_dashboard if dashboard else stack_with(period_seconds=scenario.period),
        )

    usage = simulate(scenario)
    yield from _heading(scenario, memory_mb)
    yield f'{prices.region}, list prices of {prices.date}; "beyond free": without what is free each month.'
    yield ""
    yield f"{'':9}  {'quantity':>13}  {'unit':<28} {'price, $':>13}  {'list, $':>9}  {'beyond free, $':>14}"
    lines = priced(usage)
    yield from _table(lines)
    yield f"{'total':9}  {'':13}  {'':28} {'':13}  {total(lines):>9.2f}  {total(lines, free=True):>14.2f}"
    if scenario.worker_groups > 1:
        yield f"Each worker group costs $ {total(lines) / scenario.worker_groups:.2f}, at list price."
    if not dashboard:
        added = total(priced(usage, dashboard=True)) - total(lines)
        yield f"The dashboard (context dashboard=true) would add $ {added:.2f}, with its metrics."
    yield ""
    yield "The smallest host for the Java Task Runner:"
    host = host_bill(prices)
    yield from _table(host)
    yield f"{'total':9}  {'':13}  {'':28} {'':13}  {total(host):>9.2f}"
    if containers is not None:
        yield ""
        yield "Handlers in containers add, with a public address each:"
        boxed = containers_bill(containers, prices)
        yield from _table(boxed)
        yield f"{'total':9}  {'':13}  {'':28} {'':13}  {total(boxed):>9.2f}"
    yield ""
    executions = usage.executions * MONTH_DAYS / scenario.days
    edge = 2 * executions * prices.of["transition"].usd
    yield (
        "Transitions are states entered, and retries. If AWS counts the start and the end of an execution "
        f"as well,\nthe {executions:,.0f} executions add $ {edge:.2f}."
    )
    if not usage.latencies:
        return
    yield f"At most {usage.peak_running:,} tasks ran at once."
    yield from _warnings(usage, scenario)
    yield ""
    yield "All in, at list price: with the handlers' time and monitoring. Times: median, 95 %."
    yield _row("", "list, $", "first tasks start", "later tasks start", "pipelines end")
    other = replace(scenario, shape="five" if scenario.shape == "single" else "single")
    for each, counted in ((scenario, usage), (other, simulate(other))):
        yield _compared(PIPELINES[each.shape], total(priced(counted)), counted)
    name = f"{PIPELINES[scenario.shape]}, on the host"
    yield _compared(name, total(host), simulate(replace(scenario, host=True)))


def _heading(scenario: Scenario, memory_mb: int) -> Iterator[str]:
    groups = "1 worker group" if scenario.worker_groups == 1 else f"{scenario.worker_groups} worker groups"
    awake = {
        "always awake": "always awake",
        "never awake": "never awake",
        "awake with work": f"linger {scenario.linger_minutes:g} min",
    }[way(scenario)]
    yield (
        f"{scenario.tasks_per_day:,} tasks a day, {scenario.pattern}, in {groups}: period "
        f"{scenario.period / 60:g} min, poll timeout {scenario.poll_timeout} s, {awake};"
    )
    fixed = scenario.shape in OF_TASK_SECONDS
    length = f"{scenario.task_seconds:g} s" if fixed else "20 s to 40 min"
    if scenario.deferred_seconds:
        length = f"{length}, and {scenario.deferred_seconds:g} s elsewhere,"
    month = "A month of 30 days"
    if scenario.days < MONTH_DAYS:
        month += f", of which {scenario.days:g} simulated"
    yield f"{PIPELINES[scenario.shape]}, {length} each, in handlers of {memory_mb} MB. {month}."


def _row(name: str, *columns: str) -> str:
    cost, *times = columns
    return f"{name:51}  {cost:>8}  " + "  ".join(f"{time:>18}" for time in times)


def _compared(name: str, usd: float, usage: Usage) -> str:
    waits = (usage.first_latencies, usage.later_latencies, list(usage.durations.values()))
    return _row(name, f"{usd:.2f}", *(_times(each) for each in waits))


def _times(values: Sequence[float]) -> str:
    return f"{span(quantile(values, 0.5))}, {span(quantile(values, 0.95))}" if values else "-"


def _table(lines: Sequence[Line]) -> Iterator[str]:
    for line in lines:
        yield (
            f"{line.what:9}  {_number(line.quantity):>13}  {line.price.unit:<28} "
            f"{f'{line.price.usd:.10f}'.rstrip('0'):>13}  {line.usd:>9.2f}  {line.usd_beyond_free:>14.2f}"
        )


def _warnings(usage: Usage, scenario: Scenario) -> Iterator[str]:
    if usage.not_ended:
        yield f"Attention: {usage.not_ended:,} tasks had not ended a day after the last one became ready."
    if usage.throttled_polls:
        share = 100 * usage.throttled_polls / (usage.polls + usage.polls_in_invocations)
        yield f"Attention: {share:.1f} % of the polls are throttled: an account has 2 a second in a region."
    if usage.throttled_reports:
        share = 100 * usage.throttled_reports / usage.reports
        yield (
            f"Attention: {share:.1f} % of the progress reports are throttled: an account has "
            f"{_REPORTS_PER_SECOND} a second in a region."
        )
    if usage.peak_running > _LAMBDA_CONCURRENCY:
        yield (
            f"Attention: that is more than the {_LAMBDA_CONCURRENCY:,} invocations at once that an account "
            "has in a region,\nunless its quota is raised. The simulation does not hold tasks back for it."
        )
    if scenario.dead_poll == "swallows":
        asleep = usage.lost_offers - usage.lost_while_awake
        yield (
            f"{asleep:,} of {usage.tasks:,} tasks, {asleep / usage.tasks:.1%}, were handed to a poll that "
            "had been given up while their worker group slept,\nand offered again 2 minutes later; "
            f"{usage.lost_while_awake or 'none'} while it was awake."
        )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"
