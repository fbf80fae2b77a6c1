"""What a run made of the services that AWS bills, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Usage:
    """Counts of one run; times in seconds, sizes as they are billed."""

    ticks: int = 0
    executions: int = 0
    """Of PollLoop and RunTask."""
    poll_loop_transitions: int = 0
    run_task_transitions: int = 0
    polls: int = 0
    """Invocations of the poller."""
    poller_seconds: float = 0.0
    throttled_polls: int = 0
    failed_loops: int = 0
    tasks: int = 0
    """Tasks that ended."""
    not_ended: int = 0
    handler_seconds: float = 0.0
    reports: int = 0
    """ReportTaskProgress, sent."""
    throttled_reports: int = 0
    lost_offers: int = 0
    """Tasks handed to a poll whose client had gone."""
    latencies: list[float] = field(default_factory=list)
    """Seconds from a task's being ready to its handler's start."""
    peak_running: int = 0
    starts_of_group: Counter[str] = field(default_factory=Counter)
    """RunTask executions by worker group."""
    starts_in_second: Counter[int] = field(default_factory=Counter)
    """RunTask executions by the second of the run in which they were started."""

    @property
    def transitions(self) -> int:
        """State transitions of both state machines, retries included."""
        return self.poll_loop_transitions + self.run_task_transitions

    def latency(self, share: float) -> float:
        """The latency that ``share`` (0 to 1) of the tasks stay within. Raises ValueError without tasks."""
        if not self.latencies:
            raise ValueError("no task was started")
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
