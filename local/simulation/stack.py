"""What of the stack AWS bills by the month, and how much its functions log.

tests/infra/test_cost.py holds the numbers to the synthesized template.
"""

from __future__ import annotations

from dataclasses import dataclass

POLLER_MEMORY_MB = 256
ENDED_MEMORY_MB = 256
"""Of the function that counts ended executions (lambdas/execution_ended.py)."""

ENDED_SECONDS = 0.01
"""What that function takes for one, as local AWS bills it: docs/benchmarks.md."""


@dataclass(frozen=True)
class Stack:
    """Counts of one stack with ``app.py``'s three handlers."""

    alarm_metrics: int = 11
    """Metrics in alarms that are there once a stack."""
    alarm_metrics_of_group: int = 1
    idle_metrics: int = 2
    """Custom metrics that idle pollers emit: PollsAbandoned, and ColdStarts."""
    idle_metrics_of_group: int = 1
    """Polls."""
    busy_metrics_of_group: int = 2
    """TasksReceived and StartDelay, of a group with tasks."""
    busy_metrics_of_type: int = 2
    """TasksFinished and TaskDuration: of one type of tasks, all of which finish."""
    dashboards: int = 1
    log_bytes_of_poll: int = 1_300
    """Bytes in log groups for a poll that brings nothing, with 26 for each line, as CloudWatch Logs counts:
    measured on local AWS, docs/benchmarks.md."""
    log_bytes_of_task: int = 4_900
    """Bytes that a task adds to them, without what its command prints."""


STACK = Stack()
