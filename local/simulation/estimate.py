"""`python -m local estimate`: a month's bill and latency for a user's own tasks."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

from infra.configuration_error import ConfigurationError
from infra.worker_group import WorkerGroup
from local.arguments import whole
from local.simulation.arrivals import PATTERNS
from local.simulation.bill import MONTH_DAYS, Containers
from local.simulation.prices import Prices
from local.simulation.report import OF_TASK_SECONDS, PIPELINES, report
from local.simulation.scenario import DEFAULT, Scenario

MOST_TASKS_PER_DAY = 2 * 86_400
"""An account may send 2 PollForTask a second (developer guide, limits), and a task takes one."""

_ENOUGH_EVENTS = 9_000
"""Most tasks and idle polls to simulate, unless a single day has more."""

ABOUT = """\
Simulate the tasks of a month and print what AWS bills for running them with this project, at the list prices
of local/simulation/prices.json: what is counted, times its price. Then how long tasks wait and when pipelines
end: as given, with single tasks beside chains, and on a host that runs the Java Task Runner. What is assumed
is in docs/cost-and-latency.md.
"""


def main(arguments: Sequence[str]) -> int:
    """Print the bill and the latency. Returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        group = WorkerGroup(
            "estimate",
            schedule=_schedule(options.period),
            poll_timeout=options.poll_timeout,
            max_concurrent_tasks=options.max_concurrent_tasks,
            linger_minutes=options.linger_minutes,
        )
    except ConfigurationError as error:
        parser.error(str(error).removeprefix("Worker group 'estimate': "))
    scenario = Scenario(
        tasks_per_day=options.tasks_per_day,
        pattern=options.arrivals,
        shape=options.pipelines,
        linger_minutes=options.linger_minutes,
        period=group.period_seconds,
        poll_timeout=options.poll_timeout,
        max_concurrent_tasks=options.max_concurrent_tasks,
        worker_groups=options.worker_groups,
        task_seconds=options.task_seconds,
        deferred_seconds=options.deferred_seconds,
        days=_days(options.tasks_per_day + options.worker_groups * _polls_per_day(group)),
        dead_poll=options.dead_poll,
    )
    lines = report(
        scenario,
        Prices.load(),
        memory_mb=options.memory_mb,
        secret_share=options.secret_tasks / 100,
        containers=_containers(options),
        dashboard=options.dashboard,
    )
    for line in lines:
        print(line)
    return 0


def _schedule(period: str) -> str:
    """``5 minutes``, or the whole expression as app.py and the console have it: ``rate(5 minutes)``."""
    text = " ".join(period.split())
    return text if re.fullmatch(r"\w+\(.*\)", text) else f"rate({text})"


def _containers(options: argparse.Namespace) -> Containers | None:
    if not options.container_hours:
        return None
    return Containers(
        options.container_hours,
        options.container_cpu,
        options.container_memory_mb,
        options.container_ephemeral_gb,
        options.container_architecture,
    )


def _polls_per_day(group: WorkerGroup) -> int:
    between = min(group.period_seconds, group.poll_timeout) if group.continuous else group.period_seconds
    return 86_400 // between


def _days(events_per_day: int) -> int:
    return min(MONTH_DAYS, max(1, _ENOUGH_EVENTS // max(1, events_per_day)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local estimate", description=ABOUT)
    parser.add_argument(
        "--tasks-per-day",
        type=whole(0, MOST_TASKS_PER_DAY, "an account's 2 polls a second take no more"),
        required=True,
        metavar="N",
        help="tasks in 24 hours, of all worker groups together; 0 is an idle stack",
    )
    parser.add_argument(
        "--period",
        default="5 minutes",
        help="of the schedule, such as '15 minutes' or 'rate(15 minutes)': default '5 minutes'",
    )
    parser.add_argument(
        "--poll-timeout",
        type=whole(2, 120, "as in app.py"),
        default=DEFAULT.poll_timeout,
        metavar="SECONDS",
        help=f"of a group that sleeps; with 95 it is always awake: default {DEFAULT.poll_timeout}",
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
        help="how long the work on a task takes: default 60",
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
        "--dashboard", action="store_true", help="with the CloudWatch dashboard and its metrics"
    )
    parser.add_argument(
        "--secret-tasks",
        type=whole(0, 100),
        default=0,
        metavar="PERCENT",
        help="tasks with secret fields or over 200,000 bytes, whose objects go through S3: default 0",
    )
    parser.add_argument(
        "--container-hours",
        type=whole(0, 1_000_000),
        default=0,
        metavar="H",
        help="hours a month that handlers in containers run, all together: default 0",
    )
    parser.add_argument(
        "--container-cpu", type=whole(256, 16_384), default=1024, metavar="UNITS", help="default 1024"
    )
    parser.add_argument(
        "--container-memory-mb", type=whole(512, 122_880), default=2048, metavar="M", help="default 2048"
    )
    parser.add_argument(
        "--container-ephemeral-gb", type=whole(20, 200), default=20, metavar="GB", help="default 20"
    )
    parser.add_argument("--container-architecture", choices=("arm64", "x86_64"), default="arm64")
    parser.add_argument(
        "--arrivals", choices=PATTERNS, default="steady", help="when tasks become ready: default steady"
    )
    parser.add_argument(
        "--pipelines",
        choices=PIPELINES,
        default="five",
        help="what a pipeline consists of: "
        + "; ".join(f"{name}: {what}" for name, what in PIPELINES.items())
        + f". Those but {' and '.join(OF_TASK_SECONDS)} have tasks of 20 s to 40 min. Default five",
    )
    parser.add_argument(
        "--linger-minutes",
        type=whole(0, 1_440, "as in app.py"),
        default=DEFAULT.linger_minutes,
        metavar="M",
        help="how long a group stays awake after its last task ended; with 0 it never wakes: "
        f"default {DEFAULT.linger_minutes}",
    )
    parser.add_argument(
        "--dead-poll",
        choices=("swallows", "noticed"),
        default="swallows",
        help="whether a poll that was given up takes a task along, which AWS does not say: default swallows",
    )
    return parser
