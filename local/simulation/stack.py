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


@dataclass(frozen=True)
class Stack:
    """Counts for a stack with ``app.py``'s three handlers."""

    alarm_metrics: int = 11
    """Metrics in the alarms that each stack has once."""
    alarm_metrics_of_group: int = 1
    idle_metrics: int = 2
    """Custom metrics that idle pollers emit: PollsAbandoned, and ColdStarts."""
    idle_metrics_of_group: int = 1
    """Polls."""
    busy_metrics_of_group: int = 2
    """TasksReceived and StartDelay, for a group with tasks."""
    busy_metrics_of_type: int = 2
    """TasksFinished and TaskDuration, for a type whose tasks all finish."""
    dashboards: int = 1
    log_bytes_of_poll: int = 1_300
    """Bytes logged for an empty poll, including 26 for each line, as CloudWatch Logs counts them. Measured
    on local AWS: docs/benchmarks.md."""
    log_bytes_of_task: int = 4_900
    """Bytes logged for a task, without its command's output."""


STACK = Stack()
