"""What of the stack AWS bills by the month, and how much its functions log.

tests/infra/test_cost.py holds the numbers to the synthesized template.
"""

from __future__ import annotations

from dataclasses import dataclass

POLLER_MEMORY_MB = 256


@dataclass(frozen=True)
class Stack:
    """Counts of one stack with ``app.py``'s three handlers."""

    alarm_metrics: int = 7
    """Metrics in alarms that are there once a stack."""
    alarm_metrics_of_group: int = 1
    idle_metrics_of_group: int = 1
    """Custom metrics that an idle worker group emits."""
    busy_metrics_of_group: int = 1
    """Custom metrics that a worker group emits besides, if it has tasks."""
    busy_metrics_of_type: int = 2
    """Custom metrics that tasks of one type emit, if all of them finish."""
    dashboards: int = 1
    log_bytes_of_poll: int = 1_400
    """Bytes in log groups for one invocation of the poller, measured on local AWS: docs/benchmarks.md."""
    log_bytes_of_task: int = 2_600
    """Bytes that a task adds to them, without what its command prints."""


STACK = Stack()
