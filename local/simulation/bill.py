"""What a month costs: usage times prices, position by position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from local.simulation.prices import Price, Prices
from local.simulation.stack import ENDED_MEMORY_MB, ENDED_SECONDS, POLLER_MEMORY_MB, Stack
from local.simulation.usage import Usage

MONTH_DAYS = 30
HOST_VOLUME_GB = 8
MB_OF_A_GB = 1024


@dataclass(frozen=True)
class Line:
    """One position of the bill."""

    what: str
    quantity: float
    price: Price

    @property
    def usd(self) -> float:
        """The cost at list price, from the first unit."""
        return self.quantity * self.price.usd

    @property
    def usd_beyond_free(self) -> float:
        """The cost if nothing else in the account uses the monthly free tier."""
        return max(0.0, self.quantity - self.price.free_a_month) * self.price.usd


def total(lines: Sequence[Line], *, free: bool = False) -> float:
    """The sum in US dollars. ``free`` deducts the monthly free tier."""
    return sum(line.usd_beyond_free if free else line.usd for line in lines)


def bill(
    usage: Usage,
    prices: Prices,
    *,
    worker_groups: int = 1,
    memory_mb: int = 512,
    secret_share: float = 0.0,
    months: float = 1.0,
    stack: Stack,
) -> list[Line]:
    """The positions of a month of 30 days.

    ``usage`` covers ``months`` months. ``memory_mb`` is the handlers' memory. ``secret_share``, 0 to 1, is
    the part of the tasks whose objects go through S3, because they contain secrets or are too large.
    The tasks are of one type, and all of them finish.
    """
    tasks = usage.tasks / months
    polls = usage.polls / months
    logged = polls + usage.polls_in_invocations / months
    busy = tasks > 0
    metrics = busy * (worker_groups * stack.busy_metrics_of_group + stack.busy_metrics_of_type)
    quantities = [
        ("PollLoop", "transition", usage.poll_loop_transitions / months),
        ("Poller", "lambda_gb_second", usage.poller_seconds / months * POLLER_MEMORY_MB / MB_OF_A_GB),
        ("Poller", "lambda_request", polls),
        ("Schedule", "schedule_invocation", usage.ticks / months),
        ("Metrics", "metric", metrics),
        ("Alarms", "alarm_metric", stack.alarm_metrics + worker_groups * stack.alarm_metrics_of_group),
        ("Dashboard", "dashboard", stack.dashboards),
        ("Logs", "log_gb", (logged * stack.log_bytes_of_poll + tasks * stack.log_bytes_of_task) / 1e9),
    ]
    if busy:
        handler_gb_seconds = usage.handler_seconds / months * memory_mb / MB_OF_A_GB
        quantities[1:1] = [("RunTask", "transition", usage.run_task_transitions / months)]
        quantities += [
            ("Ends", "lambda_gb_second", tasks * ENDED_SECONDS * ENDED_MEMORY_MB / MB_OF_A_GB),
            ("Ends", "lambda_request", tasks),
            ("Handlers", "lambda_gb_second", handler_gb_seconds),
            ("Handlers", "lambda_request", tasks + usage.looks / months),
        ]
    if busy and secret_share:
        quantities += [
            ("Claims", "s3_put", tasks * secret_share),
            ("Claims", "s3_get", tasks * secret_share),
        ]
    return _shared_allowances(
        [
            Line(what, quantity, prices.of[key])
            for what, key, quantity in quantities
            if quantity or what in _SHOWN
        ]
    )


_SHOWN = {"PollLoop", "Poller", "Schedule", "Alarms", "Logs"}
"""Positions that every bill has, even at 0."""


@dataclass(frozen=True)
class Containers:
    """Handlers in containers: how many hours they run in a month, and of what size each is."""

    hours: float
    cpu: int = 1024
    """CPU units, of which a vCPU has 1,024."""
    memory_mb: int = 2048
    ephemeral_gb: int = 20
    """GB of disk, of which the first 20 cost nothing."""
    architecture: str = "arm64"
    """Or "x86_64"."""


_FREE_EPHEMERAL_GB = 20
_TRANSITIONS_OF_A_CONTAINER_HOUR = 45
"""Wait, ReportProgress and Canceled? each 240 s (infra/run_task/run_container.py)."""


def containers_bill(containers: Containers, prices: Prices) -> list[Line]:
    """What containers add, whatever their tasks."""
    hours = containers.hours
    fargate = "fargate" if containers.architecture == "arm64" else "fargate_x86"
    disk = containers.ephemeral_gb - _FREE_EPHEMERAL_GB
    storage = Line("Disk", hours * disk, prices.of["fargate_storage_gb_hour"])
    return [
        Line("Container", hours * containers.cpu / 1024, prices.of[f"{fargate}_vcpu_hour"]),
        Line("Container", hours * containers.memory_mb / 1024, prices.of[f"{fargate}_gb_hour"]),
        *([storage] if disk > 0 else []),
        Line("Address", hours, prices.of["address_hour"]),
        Line("RunTask", hours * _TRANSITIONS_OF_A_CONTAINER_HOUR, prices.of["transition"]),
    ]


def _shared_allowances(lines: Sequence[Line]) -> list[Line]:
    """Deduct each free tier only once, even if several lines share its price."""
    left: dict[str, float] = {}
    shared = []
    for line in lines:
        price = line.price
        free = left.setdefault(price.unit, price.free_a_month)
        left[price.unit] = max(0.0, free - line.quantity)
        shared.append(Line(line.what, line.quantity, Price(price.usd, price.unit, free, price.source)))
    return shared


def host_bill(prices: Prices) -> list[Line]:
    """A month of the smallest host that runs the Java Task Runner. It costs the same without tasks."""
    hours = 24.0 * MONTH_DAYS
    return [
        Line("Host", hours, prices.of["host_hour"]),
        Line("Volume", HOST_VOLUME_GB, prices.of["volume_gb"]),
        Line("Address", hours, prices.of["address_hour"]),
    ]
