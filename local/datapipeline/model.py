"""The engine's model of pipelines, instances, attempts and tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from local.datapipeline.definition import Definition
from local.datapipeline.object_types import Kind
from local.datapipeline.objects import Field, PipelineObject
from local.datapipeline.plan import Plan
from local.datapipeline.schedule import Interval
from local.datapipeline.statuses import PipelineState, Status
from local.datapipeline.timers import Timer


@dataclass
class Failure:
    """What SetTaskStatus or the service says about an attempt that did not succeed."""

    error_id: str | None = None
    message: str | None = None
    stack_trace: str | None = None


@dataclass(eq=False)
class Attempt:
    id: str
    number: int
    started: datetime
    fields: tuple[Field, ...]
    status: Status = Status.WAITING_FOR_RUNNER
    ended: datetime | None = None
    failure: Failure | None = None
    hostname: str | None = None
    progress_time: datetime | None = None
    progress_fields: tuple[Field, ...] = ()
    tries: int = 0
    last_try: datetime | None = None
    task: Task | None = None


@dataclass(eq=False)
class Instance:
    """One run of a component. A precondition has one instance for each object that it guards."""

    id: str
    pipeline: Pipeline
    object: PipelineObject
    component_id: str
    kind: Kind
    plan: Plan
    interval: Interval
    created: datetime
    due: datetime
    depends_on: tuple[str, ...]
    preconditions: tuple[str, ...] = ()
    node: str | None = None
    version: int = 1
    retries: int = 0
    status: Status = Status.WAITING_ON_DEPENDENCIES
    attempts: list[Attempt] = field(default_factory=list)
    failures: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    retry_at: datetime | None = None
    cancellation_reason: str | None = None
    cascade_failed_on: tuple[str, ...] = ()
    failure: Failure | None = None
    timers: dict[str, Timer] = field(default_factory=dict)

    @property
    def attempt(self) -> Attempt | None:
        """The newest attempt, whether or not it has ended."""
        return self.attempts[-1] if self.attempts else None

    @property
    def tries_left(self) -> int:
        """How many more attempts may start, as in `@triesLeft`."""
        opened = 0 if self.attempt is None or self.attempt.status.is_over else 1
        return max(0, self.retries + 1 - self.failures - opened)

    def waiting_on(self) -> list[str]:
        """The ids of the objects that this waits for and that have not finished."""
        others = self.pipeline.instances
        return [
            object_id
            for object_id in (*self.depends_on, *self.preconditions)
            if object_id not in others or others[object_id].status is not Status.FINISHED
        ]

    def stop_timers(self, *names: str) -> None:
        for name in names or tuple(self.timers):
            if name in self.timers:
                self.timers.pop(name).cancel()


class TaskState(Enum):
    READY = "waiting for a poll"
    OFFERED = "given to a poll, not acknowledged"
    HELD = "acknowledged"
    AWAY = "not offered at the moment"
    OVER = "over"


@dataclass(eq=False)
class Task:
    id: str
    worker_group: str
    sequence: int
    instance: Instance
    attempt: Attempt
    state: TaskState = TaskState.AWAY
    canceled: bool = False
    offers: int = 0
    timer: Timer | None = None

    def stop_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


@dataclass(eq=False)
class Pipeline:
    id: str
    name: str
    unique_id: str
    description: str | None
    tags: dict[str, str]
    created: datetime
    state: PipelineState = PipelineState.PENDING
    version: int = 0
    latest: Definition = field(default_factory=Definition)
    latest_is_valid: bool = False
    active: Definition | None = None
    plan: Plan | None = None
    first_activation: datetime | None = None
    latest_run: datetime | None = None
    deactivated: datetime | None = None
    deleted: bool = False
    instances: dict[str, Instance] = field(default_factory=dict)
    next_start: dict[str, datetime] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    timers: dict[str, Timer] = field(default_factory=dict)

    def open_instances(self) -> list[Instance]:
        return [instance for instance in self.instances.values() if not instance.status.is_over]
