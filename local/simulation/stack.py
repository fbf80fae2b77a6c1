"""What AWS bills for the stack each month, and how much its functions log.

tests/infra/test_cost.py checks the numbers against the synthesized template.
"""

from __future__ import annotations

from dataclasses import dataclass

POLLER_MEMORY_MB = 128
ENDED_MEMORY_MB = 256
"""Memory of the function that counts ended executions (lambdas/execution_ended.py)."""

ENDED_SECONDS = 0.01
"""Its billed time for one execution on local AWS: docs/benchmarks.md."""

LONG_PERIOD_SECONDS = 1_200
"""With a longer schedule period, NoPoll takes more than an hour, and lost ticks have their own alarm."""


@dataclass(frozen=True)
class Stack:
    """Counts for a stack with ``app.py``'s three handlers.

    Metrics that are written only when something fails are left out: each costs $0.0004 for an hour in which
    something does.
    """

    alarm_metrics: int = 5
    """Metrics in the alarms that each stack has once."""
    alarm_metrics_of_group: int = 1
    busy_metrics_of_group: int = 0
    """Custom metrics of a group with tasks."""
    busy_metrics_of_type: int = 0
    """Custom metrics of a type whose tasks all finish."""
    dashboards: int = 0
    log_bytes_of_poll: int = 760
    """Bytes logged for an empty poll, including 26 for each line, as CloudWatch Logs counts them. Measured
    on local AWS: docs/benchmarks.md."""
    log_bytes_of_task: int = 4_890 - 760
    """Bytes logged for a task, without its poll and its command's output: docs/benchmarks.md."""


def stack_with(*, period_seconds: float, dashboard: bool = False) -> Stack:
    """The counts with these settings. With the dashboard, StartDelay and TaskDuration are written."""
    shown = int(dashboard)
    return Stack(
        alarm_metrics=5 + (period_seconds > LONG_PERIOD_SECONDS),
        busy_metrics_of_group=shown,
        busy_metrics_of_type=shown,
        dashboards=shown,
    )
