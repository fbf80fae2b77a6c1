"""What to simulate, and what is assumed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from infra.worker_group import WorkerGroup

START = datetime(2026, 11, 1, tzinfo=UTC)
DEFAULT = WorkerGroup("default")
"""Has the settings of a worker group that sets none."""


@dataclass(frozen=True)
class Delays:
    """Assumed durations on AWS in seconds. They are small beside the simulated waits."""

    tick: float = 60.0
    """A schedule fires at any moment within this time (EventBridge Scheduler user guide)."""
    transition: float = 0.05
    invocation: float = 0.03
    request: float = 0.05
    """A request and its answer, unless Data Pipeline holds it."""


@dataclass(frozen=True)
class Scenario:
    """What to simulate. ``tasks_per_day`` activities are spread over the worker groups."""

    tasks_per_day: int
    pattern: str = "steady"
    shape: str = "single"
    """What a pipeline consists of: see ``shapes``."""
    period: float = DEFAULT.period_seconds
    poll_timeout: float = DEFAULT.poll_timeout
    linger_minutes: float = DEFAULT.linger_minutes
    max_concurrent_tasks: int | None = None
    worker_groups: int = 1
    task_seconds: float = 60.0
    deferred_seconds: float = 0.0
    """How long the work of an activity then goes on elsewhere, as steps on EMR do, while it is deferred."""
    days: float = 30.0
    dead_poll: str = "swallows"
    listing_lag: float = 0.0
    """ListExecutions answers as of so many seconds ago: it is eventually consistent (API Reference)."""
    host: bool = False
    """Whether a host with the Java Task Runner takes the tasks, instead of the stack."""
    host_threads: int | None = None
    """The host's ``--tasks``. None is for as many as there are tasks, so that none waits for a thread."""
    seed: int = 1
    delays: Delays = field(default_factory=Delays)
