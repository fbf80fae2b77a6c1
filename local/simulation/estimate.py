"""`python -m local estimate`: a month's bill for a user's own tasks, position by position."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from infra.configuration_error import ConfigurationError
from infra.worker_group import WorkerGroup
from local.arguments import whole
from local.simulation.arrivals import PATTERNS
from local.simulation.bill import MONTH_DAYS, Line, bill, host_bill, total
from local.simulation.prices import Prices
from local.simulation.run import Scenario, simulate
from local.simulation.usage import Usage

MOST_TASKS_PER_DAY = 2 * 86_400
"""An account may send 2 PollForTask a second (developer guide, limits), and a task takes one."""

_ENOUGH_EVENTS = 30_000
"""Most tasks and idle polls to simulate, unless a single day has more."""

_LAMBDA_CONCURRENCY = 1_000
_REPORTS_PER_SECOND = 10

ABOUT = """\
Simulate the tasks of a month and print what AWS bills for running them with this project, at the list prices
of local/simulation/prices.json: what is counted, times its price. What is assumed is in
docs/cost-and-latency.md.
"""


def main(arguments: Sequence[str]) -> int:
    """Print the bill. Returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        group = WorkerGroup(
            "estimate",
            schedule=f"rate({options.period})",
            poll_timeout=options.poll_timeout,
            max_concurrent_tasks=options.max_concurrent_tasks,
        )
    except ConfigurationError as error:
        parser.error(str(error).removeprefix("Worker group 'estimate': "))
    scenario = Scenario(
        tasks_per_day=options.tasks_per_day,
        pattern=options.arrivals,
        period=group.period_seconds,
        poll_timeout=options.poll_timeout,
        max_concurrent_tasks=options.max_concurrent_tasks,
        worker_groups=options.worker_groups,
        task_seconds=options.task_seconds,
        deferred_seconds=options.deferred_seconds,
        days=_days(options.tasks_per_day + options.worker_groups * _polls_per_day(group)),
        dead_poll=options.dead_poll,
    )
    usage = simulate(scenario)
    prices = Prices.load()
    lines = bill(
        usage,
        prices,
        worker_groups=options.worker_groups,
        memory_mb=options.memory_mb,
        secret_share=options.secret_tasks / 100,
        months=scenario.days / MONTH_DAYS,
    )
    print("\n".join(_report(options, scenario, usage, lines, prices)))
    return 0


def _polls_per_day(group: WorkerGroup) -> int:
    between = min(group.period_seconds, group.poll_timeout) if group.continuous else group.period_seconds
    return 86_400 // between


def _days(events_per_day: int) -> int:
    return min(MONTH_DAYS, max(1, _ENOUGH_EVENTS // max(1, events_per_day)))


def _report(
    options: argparse.Namespace, scenario: Scenario, usage: Usage, lines: Sequence[Line], prices: Prices
) -> Iterator[str]:
    groups = "1 worker group" if scenario.worker_groups == 1 else f"{scenario.worker_groups} worker groups"
    yield (
        f"{scenario.tasks_per_day:,} tasks a day, {scenario.pattern}, in {groups}: period {options.period}, "
        f"poll timeout {scenario.poll_timeout} s,"
    )
    work = f"tasks of {scenario.task_seconds:g} s in handlers of {options.memory_mb} MB."
    if scenario.deferred_seconds:
        work = f"{work[:-1]}, then deferred for {scenario.deferred_seconds:g} s."
    yield f"{work} {_simulated(scenario)}"
    yield f'{prices.region}, list prices of {prices.date}; "beyond free": without what is free each month.'
    yield ""
    yield f"{'':9}  {'quantity':>13}  {'unit':<28} {'price, $':>13}  {'list, $':>9}  {'beyond free, $':>14}"
    yield from _table(lines)
    yield f"{'total':9}  {'':13}  {'':28} {'':13}  {total(lines):>9.2f}  {total(lines, free=True):>14.2f}"
    yield ""
    executions = usage.executions * MONTH_DAYS / scenario.days
    edge = 2 * executions * prices.of["transition"].usd
    yield (
        "Transitions are states entered, and retries. If AWS counts the start and the end of an execution "
        f"as well,\nthe {executions:,.0f} executions add $ {edge:.2f}."
    )
    if usage.latencies:
        yield (
            f"From ready to the handler's start: {usage.latency(0.5):,.0f} s in the median, "
            f"{usage.latency(0.95):,.0f} s for 95 % of the tasks."
        )
        yield f"At most {usage.peak_running:,} tasks ran at once."
    yield from _warnings(usage, scenario)
    yield ""
    yield "For comparison, a host for the Java Task Runner:"
    host = host_bill(prices)
    yield from _table(host)
    yield f"{'total':9}  {'':13}  {'':28} {'':13}  {total(host):>9.2f}"


def _table(lines: Sequence[Line]) -> Iterator[str]:
    for line in lines:
        yield (
            f"{line.what:9}  {_number(line.quantity):>13}  {line.price.unit:<28} "
            f"{f'{line.price.usd:.10f}'.rstrip('0'):>13}  {line.usd:>9.2f}  {line.usd_beyond_free:>14.2f}"
        )


def _simulated(scenario: Scenario) -> str:
    if scenario.days >= MONTH_DAYS:
        return "A month of 30 days."
    return f"A month of 30 days, of which {scenario.days:g} simulated."


def _warnings(usage: Usage, scenario: Scenario) -> Iterator[str]:
    if usage.not_ended:
        yield f"Attention: {usage.not_ended:,} tasks had not ended a day after the last one became ready."
    if usage.throttled_polls:
        share = 100 * usage.throttled_polls / usage.polls
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
    if scenario.dead_poll == "swallows" and usage.lost_offers:
        yield (
            f"{usage.lost_offers:,} times a task was handed to a poll that had been given up, and offered "
            "again 2 minutes later."
        )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local estimate", description=ABOUT)
    parser.add_argument(
        "--tasks-per-day",
        type=whole(0, MOST_TASKS_PER_DAY, "an account's 2 polls a second take no more"),
        required=True,
        metavar="N",
        help="tasks in 24 hours, of all worker groups together; 0 is an idle stack",
    )
    parser.add_argument("--period", default="5 minutes", help="of the schedule: default '5 minutes'")
    parser.add_argument(
        "--poll-timeout",
        type=whole(2, 120, "as in app.py"),
        default=10,
        metavar="SECONDS",
        help="default 10",
    )
    parser.add_argument(
        "--worker-groups",
        type=whole(1, 1_000),
        default=1,
        metavar="N",
        help="that share the tasks: default 1",
    )
    parser.add_argument(
        "--max-concurrent-tasks",
        type=whole(1, 100_000),
        metavar="N",
        help="of each worker group: default as many as come",
    )
    parser.add_argument(
        "--task-seconds",
        type=whole(0, 900, "an invocation lasts no longer; longer work defers"),
        default=60,
        metavar="S",
        help="how long a handler works on a task: default 60",
    )
    parser.add_argument(
        "--deferred-seconds",
        type=whole(0, 7 * 86_400, "RunTask's history is full after some days"),
        default=0,
        metavar="S",
        help="how long the work then goes on elsewhere, as steps on EMR do: default 0",
    )
    parser.add_argument(
        "--memory-mb", type=whole(128, 10_240), default=512, metavar="M", help="of the handlers: default 512"
    )
    parser.add_argument(
        "--secret-tasks",
        type=whole(0, 100),
        default=0,
        metavar="PERCENT",
        help="tasks with secret fields or over 200,000 bytes, whose objects go through S3: default 0",
    )
    parser.add_argument(
        "--arrivals", choices=PATTERNS, default="steady", help="when tasks become ready: default steady"
    )
    parser.add_argument(
        "--dead-poll",
        choices=("swallows", "noticed"),
        default="swallows",
        help="whether a poll that was given up takes a task along, which AWS does not say: default swallows",
    )
    return parser
