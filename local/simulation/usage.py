"""Counts of a run's use of the services that AWS bills."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Usage:
    """Counts of one run. Times are in seconds, sizes as AWS bills them."""

    ticks: int = 0
    executions: int = 0
    """Executions of PollLoop and RunTask."""
    poll_loop_transitions: int = 0
    run_task_transitions: int = 0
    polls: int = 0
    """Invocations of the poller."""
    polls_in_invocations: int = 0
    """Polls beyond the first one of an invocation."""
    poller_seconds: float = 0.0
    throttled_polls: int = 0
    failed_loops: int = 0
    tasks: int = 0
    """Tasks that ended."""
    not_ended: int = 0
    looks: int = 0
    """Invocations of handlers of deferred tasks, after the first."""
    handler_seconds: float = 0.0
    reports: int = 0
    """ReportTaskProgress calls."""
    throttled_reports: int = 0
    lost_offers: int = 0
    """Tasks handed to an abandoned poll."""
    lost_while_awake: int = 0
    """Those whose worker group held another poll at the time."""
    first_latencies: list[float] = field(default_factory=list)
    """Seconds from when a task is ready until its handler starts, of tasks with which a pipeline begins."""
    later_latencies: list[float] = field(default_factory=list)
    """Those of tasks that another task made ready: dependents, retries, preconditions asked again."""
    durations: dict[int, float] = field(default_factory=dict)
    """Seconds from a pipeline's activation to the end of its last task, by the pipeline's number."""
    peak_running: int = 0
    starts_of_group: Counter[str] = field(default_factory=Counter)
    """RunTask executions by worker group."""
    starts_in_second: Counter[int] = field(default_factory=Counter)
    """RunTask executions started in each second of the run."""

    @property
    def transitions(self) -> int:
        """State transitions of both state machines, retries included."""
        return self.poll_loop_transitions + self.run_task_transitions

    @property
    def latencies(self) -> list[float]:
        """Those of all tasks."""
        return self.first_latencies + self.later_latencies

    def latency(self, share: float) -> float:
        """The latency within which ``share`` (0 to 1) of the tasks start. Raises ValueError without tasks."""
        return quantile(self.latencies, share)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` (0 to 1) of the values do not exceed. Raises ValueError without values."""
    if not values:
        raise ValueError("no task was started")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
