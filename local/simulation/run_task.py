"""One task after its poll: acknowledged, handled, reported. Retries are those of infra/run_task/."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from local.datapipeline.model import Task
from local.datapipeline.object_types import Kind
from local.simulation.scenario import START, Delays
from local.simulation.world import World, after

REPORT_EVERY_SECONDS = 60.0
"""The handlers' interval: INTERVAL_SECONDS in lambdas/runner/progress.py."""

PRECONDITION_SECONDS = 1.0
LONGEST_INVOCATION_SECONDS = 900.0
"""Lambda's limit. Longer work goes on elsewhere, and its handler defers."""
DEFERRED_SECONDS = 240.0
"""``waitSeconds`` of such a handler, the longest there is."""
DEFERRED_CALL_SECONDS = 1.0
DEFERRAL_TRANSITIONS = 5

LONGEST_LOOK_SECONDS = 120.0
"""``waitSeconds`` of the handlers of EMR, after a while."""

_REPORT_RETRIES = 7
_REPORT_MOST_SECONDS = 30.0
_STATUS_RETRIES = 60
_STATUS_MOST_SECONDS = 60.0

Ended = Callable[[datetime], None]


@dataclass(frozen=True)
class _Work:
    """How long a handler's work on a task takes, and what is billed for it."""

    seconds: float
    billed_seconds: float
    report_every: float
    deferrals: int = 0


def waits(seconds: float) -> Iterator[float]:
    """The times between looks at work on EMR, until it has ended: those of lambdas/emr/progress.py."""
    past = 0.0
    for number in itertools.count():
        if past >= seconds:
            return
        wait = min(LONGEST_LOOK_SECONDS, 10.0 + 5.0 * number)
        past += wait
        yield wait


class RunTask:
    """Runs tasks, in the state machine or on a host."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._usage = world.usage
        self._on_host = world.scenario.host
        delays = world.scenario.delays
        # On a host, no states come between the poll and the work.
        self._delays = Delays(transition=0, invocation=0, request=delays.request) if self._on_host else delays
        self._running = 0

    def start(self, task: Task, now: datetime, ended: Ended) -> None:
        """Run the task. ``ended`` is called when that is over."""
        self._usage.executions += 1
        self._usage.starts_of_group[task.worker_group] += 1
        self._usage.starts_in_second[int((now - START).total_seconds())] += 1
        self._usage.run_task_transitions += 1
        self._acknowledge(task, after(now, self._delays.transition), ended, attempt=0)

    def _acknowledge(self, task: Task, now: datetime, ended: Ended, attempt: int) -> None:
        def send(when: datetime) -> None:
            if self._reported(task, when):
                self._handle(task, after(when, self._delays.request), ended)
            elif attempt < _REPORT_RETRIES:
                self._usage.run_task_transitions += 1
                wait = self._backoff(1, attempt, _REPORT_MOST_SECONDS)
                self._acknowledge(task, after(when, wait), ended, attempt + 1)
            else:
                ended(when)  # NotAcknowledged: the service offers the task again.

        self._world.timers.at(now, send)

    def _handle(self, task: Task, now: datetime, ended: Ended) -> None:
        self._usage.run_task_transitions += 2  # Route and the handler
        began = after(now, 2 * self._delays.transition + self._delays.invocation)
        step, outcome = self._world.step_of(task)
        is_activity = task.instance.kind is Kind.ACTIVITY
        later = step.after or task.attempt.number > 1 or (step.refusals and is_activity)
        latencies = self._usage.later_latencies if later else self._usage.first_latencies
        latencies.append((began - task.attempt.started).total_seconds())
        self._running += 1
        self._usage.peak_running = max(self._usage.peak_running, self._running)
        work = self._work(step.seconds) if is_activity else self._invocation(PRECONDITION_SECONDS)
        for number in range(1, int(work.seconds // work.report_every) + 1):
            self._world.timers.at(
                after(began, number * work.report_every), lambda when: self._report(task, when)
            )

        def done(when: datetime) -> None:
            self._running -= 1
            self._usage.tasks += 1
            self._usage.handler_seconds += work.billed_seconds
            self._usage.looks += work.deferrals if self._world.scenario.deferred_seconds else 0
            # Outcome and SetTaskStatus
            self._usage.run_task_transitions += 2 + work.deferrals * DEFERRAL_TRANSITIONS
            self._set_status(task, outcome, after(when, 2 * self._delays.transition), ended, attempt=0)

        self._world.timers.at(after(began, work.seconds), done)

    def _work(self, seconds: float) -> _Work:
        elsewhere = list(waits(self._world.scenario.deferred_seconds))
        if not elsewhere or self._on_host:
            return self._invocation(seconds + sum(elsewhere))
        billed = seconds + len(elsewhere) * DEFERRED_CALL_SECONDS
        return _Work(seconds + sum(elsewhere), billed, LONGEST_LOOK_SECONDS, len(elsewhere))

    def _invocation(self, seconds: float) -> _Work:
        if self._on_host or seconds <= LONGEST_INVOCATION_SECONDS:
            return _Work(seconds, seconds, REPORT_EVERY_SECONDS)
        deferrals = math.ceil(seconds / DEFERRED_SECONDS)
        billed = (1 + deferrals) * DEFERRED_CALL_SECONDS
        return _Work(deferrals * DEFERRED_SECONDS, billed, DEFERRED_SECONDS, deferrals)

    def _report(self, task: Task, now: datetime) -> None:
        # A failed report is skipped, as in the handlers: the next one may succeed.
        self._reported(task, now)

    def _reported(self, task: Task, now: datetime) -> bool:
        """Report progress. Returns whether the account's rate admitted it."""
        admitted = self._world.throttle.admits("ReportTaskProgress", now)
        self._usage.reports += 1
        self._usage.throttled_reports += not admitted
        if admitted and self._world.service.call("ReportTaskProgress", {"taskId": task.id}, now)["canceled"]:
            raise RuntimeError("a task was canceled, which nothing in the simulation does")
        return admitted

    def _set_status(self, task: Task, status: str, now: datetime, ended: Ended, attempt: int) -> None:
        def send(when: datetime) -> None:
            if self._world.throttle.admits("SetTaskStatus", when):
                self._world.ended(task, status, when)
                ended(when)
            elif attempt < _STATUS_RETRIES:
                self._usage.run_task_transitions += 1
                wait = self._backoff(2, attempt, _STATUS_MOST_SECONDS)
                self._set_status(task, status, after(when, wait), ended, attempt + 1)
            else:
                ended(when)

        self._world.timers.at(now, send)

    def _backoff(self, first: float, attempt: int, most: float) -> float:
        """Full jitter, like the state machine's retries."""
        return self._world.random.uniform(0, min(most, first * 2.0**attempt))
