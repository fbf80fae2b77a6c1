"""Data Pipeline in virtual time: pipelines become ready, and polls are answered.

The local Data Pipeline's engine and the documented rates stand for the service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random

from local.datapipeline.model import Task
from local.datapipeline.object_types import Kind
from local.datapipeline.service import Service
from local.datapipeline.settings import Settings
from local.datapipeline.tasks import Poll
from local.datapipeline.throttle import Throttle
from local.datapipeline.timers import Timers
from local.simulation.arrivals import DAY, PATTERNS
from local.simulation.scenario import START, Scenario
from local.simulation.shapes import Step, pipelines
from local.simulation.usage import Usage


def after(now: datetime, seconds: float) -> datetime:
    """So many seconds later."""
    return now + timedelta(seconds=seconds)


@dataclass
class _Open:
    """A pipeline that has not ended."""

    number: int
    steps: Mapping[str, Step]
    left: int
    started: datetime


class World:
    """The service, the account's rates, the clock, and what is counted."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.random = Random(scenario.seed)  # noqa: S311 - a simulation, to be repeated
        # Whatever takes the tasks, the same pipelines become ready at the same moments.
        self._arrivals, self._work = (Random(f"{scenario.seed} {of}") for of in ("arrivals", "work"))  # noqa: S311
        settings = Settings(
            dead_poll=scenario.dead_poll, maximum_pipelines=10_000_000, precondition_false="next-attempt"
        )
        self.service = Service(settings, Random(scenario.seed))  # noqa: S311
        self.throttle = Throttle()
        self.timers = Timers()
        self.usage = Usage()
        self.end = START + scenario.days * DAY
        self._pipelines = 0
        self._owed = [0] * scenario.worker_groups
        self._held: dict[int, tuple[str, Callable[[Poll, datetime], None]]] = {}
        """Polls that somebody waits for, by id: their worker group, and what to call with the answer."""
        self._open: dict[str, _Open] = {}
        self._arrive()

    @property
    def tasks_left(self) -> int:
        """Activities of pipelines that have not ended."""
        return sum(pipeline.left for pipeline in self._open.values())

    def is_over(self, now: datetime) -> bool:
        """Whether no more pipelines become ready, and all have ended."""
        return now >= self.end and not self._open

    def moments(self) -> Iterator[datetime]:
        """Each moment at which something happens. What is due then has happened when it is asked for more."""
        while due := [when for when in (self.service.timers.next(), self.timers.next()) if when is not None]:
            now = min(due)
            yield now
            self.service.timers.run_until(now)
            self.answer(now)
            self.timers.run_until(now)

    # Arrivals

    def _arrive(self) -> None:
        groups = self.scenario.worker_groups
        pattern = PATTERNS[self.scenario.pattern]
        for number, batch in enumerate(
            pattern(START, self.scenario.days, self.scenario.tasks_per_day, self._arrivals)
        ):
            # A pattern's tasks go to the groups in turn; a batch is split among them.
            share, rest = divmod(batch.tasks, groups)
            for offset in range(groups):
                group = (number + offset) % groups
                self.timers.at(batch.at, partial(self._activate, group, share + (offset < rest)))

    def _activate(self, group: int, tasks: int, now: datetime) -> None:
        # A whole pipeline may be more than what is due. The next ones are then later.
        self._owed[group] += tasks
        for steps in pipelines(
            self.scenario.shape, self._owed[group], self.scenario.task_seconds, self._work
        ):
            self._owed[group] -= len(steps)
            self._start_pipeline(group, steps, now)

    def _start_pipeline(self, group: int, steps: list[Step], now: datetime) -> None:
        self._pipelines += 1
        name = str(self._pipelines)
        created: str = self.service.call("CreatePipeline", {"name": name, "uniqueId": name}, now)[
            "pipelineId"
        ]
        default = {"scheduleType": "ondemand", "workerGroup": f"group-{group}"}
        fields = [{"key": key, "stringValue": value} for key, value in default.items()]
        objects = [{"id": "Default", "name": "Default", "fields": fields}]
        for step in steps:
            objects += step.objects()
        request = {"pipelineId": created, "pipelineObjects": objects}
        answer = self.service.call("PutPipelineDefinition", request, now)
        if answer["errored"]:
            raise RuntimeError(f"the simulation's pipeline is not valid: {answer}")
        self._open[created] = _Open(self._pipelines, {step.name: step for step in steps}, len(steps), now)
        self.service.call("ActivatePipeline", {"pipelineId": created}, now)
        self.answer(now)

    def step_of(self, task: Task) -> tuple[Step, str]:
        """The step that a task is an attempt of, and the status with which that attempt ends."""
        component, number = task.instance.component_id, task.attempt.number
        steps = self._open[task.instance.pipeline.id].steps
        if task.instance.kind is Kind.PRECONDITION:
            step = steps[component.removesuffix("Guard")]
            return step, "FALSE" if number <= step.refusals else "FINISHED"
        step = steps[component]
        return step, "FAILED" if number <= step.failures else "FINISHED"

    def ended(self, task: Task, status: str, now: datetime) -> None:
        """Tell the service that a task ended. A pipeline whose activities are over is dropped."""
        self.service.call("SetTaskStatus", {"taskId": task.id, "taskStatus": status}, now)
        if status == "FINISHED" and task.instance.kind is Kind.ACTIVITY:
            self._over(task, now)
        self.answer(now)

    def _over(self, task: Task, now: datetime) -> None:
        pipeline = task.instance.pipeline.id
        self._open[pipeline].left -= 1
        self.service.forget(task)
        if not self._open[pipeline].left:
            over = self._open.pop(pipeline)
            self.usage.durations[over.number] = (now - over.started).total_seconds()
            del self.service.pipelines[pipeline]

    # Polls

    def poll(self, group: str, now: datetime, answered: Callable[[Poll, datetime], None]) -> Poll:
        """Send a poll. ``answered`` is called with the answer, unless the poll is abandoned first."""
        poll = self.service.poll({"workerGroup": group, "hostname": "simulation"}, now)
        self._held[poll.id] = group, answered
        return poll

    def abandon(self, poll: Poll) -> bool:
        """Abandon a poll. Returns whether it was still unanswered."""
        if self._held.pop(poll.id, None) is None:
            return False
        self.service.abandon(poll)
        return True

    def answer(self, now: datetime) -> None:
        """Deliver the service's answers."""
        while answered_polls := self.service.take_answered():
            for poll in answered_polls:
                held = self._held.pop(poll.id, None)
                if held is not None:
                    _, answered = held
                    answered(poll, now)
                elif poll.task is not None:
                    group = poll.task.worker_group
                    self.usage.lost_offers += 1
                    self.usage.lost_while_awake += any(other == group for other, _ in self._held.values())
