"""One run: arrivals, ticks, polls and tasks as events in virtual time.

``Delays`` holds what is assumed. The deployed code decides what PollLoop does (``poller.round``) and how fast
it polls (``poller.pace``). The local Data Pipeline's engine and the documented rates stand for the service.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from local.datapipeline.model import Task
from local.datapipeline.service import Service
from local.datapipeline.settings import Settings
from local.datapipeline.tasks import Poll
from local.datapipeline.throttle import Throttle
from local.datapipeline.timers import Timers
from local.simulation.arrivals import DAY, PATTERNS
from local.simulation.usage import Usage
from poller import polling
from poller.loop import Decision, Limits, LoopState, Next, PollResult
from poller.pace import LastPace
from poller.round import CountRunningTasks, Round, SendHeartbeat, SendPoll, Sleep, play_round

START = datetime(2026, 11, 1, tzinfo=UTC)
REPORT_EVERY_SECONDS = 60.0
"""The handlers' interval: INTERVAL_SECONDS in lambdas/runner/progress.py."""

TASKS_OF_A_PIPELINE = 50
LONGEST_AFTER = timedelta(days=1)
"""How long a run waits for unfinished tasks after the last arrival."""

_REPORT_RETRIES = 7
_REPORT_MOST_SECONDS = 30.0
_STATUS_RETRIES = 60
_STATUS_MOST_SECONDS = 60.0
"""The retries of infra/run_task/."""
_TRANSITIONS_OF_A_LOOK = 5
LOOK_SECONDS = 0.5
"""Assumed: how long a handler looks at work that goes on elsewhere."""


def waits(seconds: float) -> Iterator[float]:
    """The times between looks, until the work has ended: those of lambdas/emr/progress.py."""
    past = 0.0
    for number in itertools.count():
        if past >= seconds:
            return
        wait = min(120.0, 10.0 + 5.0 * number)
        past += wait
        yield wait


@dataclass(frozen=True)
class Delays:
    """Assumed durations on AWS in seconds. They are small beside the simulated waits."""

    tick: float = 60.0
    """A schedule fires at any moment within this time (EventBridge Scheduler user guide)."""
    transition: float = 0.05
    invocation: float = 0.03
    request: float = 0.05
    """A Data Pipeline request and its answer, unless the service holds it."""


@dataclass(frozen=True)
class Scenario:
    """What to simulate. ``tasks_per_day`` are spread over the worker groups."""

    tasks_per_day: int
    pattern: str = "steady"
    period: float = 300.0
    poll_timeout: float = 10.0
    max_concurrent_tasks: int | None = None
    worker_groups: int = 1
    task_seconds: float = 60.0
    deferred_seconds: float = 0.0
    """How long the work of a task goes on elsewhere, as steps on EMR do, while the task is deferred."""
    days: float = 30.0
    dead_poll: str = "swallows"
    seed: int = 1
    delays: Delays = field(default_factory=Delays)


def simulate(scenario: Scenario) -> Usage:
    """Run the scenario until its last task ends. The same scenario always gives the same counts."""
    return _Run(scenario).result()


def _after(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)


class _Run:
    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.delays = scenario.delays
        self.random = Random(scenario.seed)  # noqa: S311 - a simulation, to be repeated
        settings = Settings(dead_poll=scenario.dead_poll, maximum_pipelines=10_000_000)
        self.service = Service(settings, Random(scenario.seed))  # noqa: S311
        self.throttle = Throttle()
        self.timers = Timers()
        self.usage = Usage()
        self.end = START + scenario.days * DAY
        self.running = 0
        self._pipelines = 0
        self._held: dict[int, Callable[[Poll, datetime], None]] = {}
        self._open: dict[str, int] = {}
        for number in range(scenario.worker_groups):
            _Loop(self, f"group-{number}").schedule(START)
        self._arrive()

    def result(self) -> Usage:
        latest = self.end + LONGEST_AFTER
        while (now := self._next()) is not None and now < latest and (now < self.end or self._open):
            self.service.timers.run_until(now)
            self.answer(now)
            self.timers.run_until(now)
        self.usage.not_ended = sum(self._open.values())
        return self.usage

    def _next(self) -> datetime | None:
        moments = [when for when in (self.service.timers.next(), self.timers.next()) if when is not None]
        return min(moments, default=None)

    # Arrivals

    def _arrive(self) -> None:
        groups = self.scenario.worker_groups
        pattern = PATTERNS[self.scenario.pattern]
        for number, batch in enumerate(
            pattern(START, self.scenario.days, self.scenario.tasks_per_day, self.random)
        ):
            # A pattern's tasks go to the groups in turn; a batch is split among them.
            share, rest = divmod(batch.tasks, groups)
            for offset in range(groups):
                group = (number + offset) % groups
                self.timers.at(batch.at, partial(self._activate, group, share + (offset < rest)))

    def _activate(self, group: int, tasks: int, now: datetime) -> None:
        for first in range(0, tasks, TASKS_OF_A_PIPELINE):
            self._start_pipeline(group, min(TASKS_OF_A_PIPELINE, tasks - first), now)

    def _start_pipeline(self, group: int, tasks: int, now: datetime) -> None:
        self._pipelines += 1
        name = str(self._pipelines)
        created: str = self.service.call("CreatePipeline", {"name": name, "uniqueId": name}, now)[
            "pipelineId"
        ]
        default = {"scheduleType": "ondemand", "workerGroup": f"group-{group}"}
        activity = {"type": "ShellCommandActivity", "command": "true"}
        objects = [("Default", default), *((f"A{number}", activity) for number in range(tasks))]
        wire = [
            {"id": id_, "name": id_, "fields": [{"key": k, "stringValue": v} for k, v in fields.items()]}
            for id_, fields in objects
        ]
        request = {"pipelineId": created, "pipelineObjects": wire}
        if self.service.call("PutPipelineDefinition", request, now)["errored"]:
            raise RuntimeError("the simulation's pipeline is not valid")
        self._open[created] = tasks
        self.service.call("ActivatePipeline", {"pipelineId": created}, now)
        self.answer(now)

    def _over(self, task: Task) -> None:
        """Drop a pipeline whose tasks are over, so that a month's pipelines do not fill the memory."""
        pipeline = task.instance.pipeline.id
        self._open[pipeline] -= 1
        self.service.forget(task)
        if not self._open[pipeline]:
            del self._open[pipeline]
            del self.service.pipelines[pipeline]

    # Polls

    def poll(self, group: str, now: datetime, answered: Callable[[Poll, datetime], None]) -> Poll:
        """Send a poll. ``answered`` is called with the answer, unless the poll is abandoned first."""
        poll = self.service.poll({"workerGroup": group, "hostname": "simulation"}, now)
        self._held[poll.id] = answered
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
                answered = self._held.pop(poll.id, None)
                if answered is not None:
                    answered(poll, now)
                elif poll.task is not None:
                    self.usage.lost_offers += 1

    # RunTask

    def run_task(self, task: Task, now: datetime, ended: Callable[[], None]) -> None:
        """One RunTask execution: acknowledge, handle, report."""
        self.usage.executions += 1
        self.usage.starts_of_group[task.worker_group] += 1
        self.usage.starts_in_second[int((now - START).total_seconds())] += 1
        self.usage.run_task_transitions += 1
        self._report(task, _after(now, self.delays.transition), ended, attempt=0)

    def _report(self, task: Task, now: datetime, ended: Callable[[], None], attempt: int) -> None:
        def send(when: datetime) -> None:
            if self._admitted("ReportTaskProgress", when):
                canceled = self.service.call("ReportTaskProgress", {"taskId": task.id}, when)["canceled"]
                if canceled:
                    raise RuntimeError("a task was canceled, which nothing in the simulation does")
                self._handle(task, _after(when, self.delays.request), ended)
            elif attempt < _REPORT_RETRIES:
                self.usage.run_task_transitions += 1
                wait = self._backoff(1, attempt, _REPORT_MOST_SECONDS)
                self._report(task, _after(when, wait), ended, attempt + 1)
            else:
                ended()  # NotAcknowledged: the service offers the task again.

        self.timers.at(now, send)

    def _handle(self, task: Task, now: datetime, ended: Callable[[], None]) -> None:
        self.usage.run_task_transitions += 2  # Route and the handler
        began = _after(now, 2 * self.delays.transition + self.delays.invocation)
        self.usage.latencies.append((began - task.attempt.started).total_seconds())
        self.running += 1
        self.usage.peak_running = max(self.usage.peak_running, self.running)
        seconds = self.scenario.task_seconds
        for number in range(1, int(seconds // REPORT_EVERY_SECONDS) + 1):
            self.timers.at(
                _after(began, number * REPORT_EVERY_SECONDS), lambda when: self._progress(task, when)
            )

        def done(when: datetime) -> None:
            self.running -= 1
            self.usage.tasks += 1
            self.usage.handler_seconds += seconds
            self.usage.run_task_transitions += 2  # Outcome and SetTaskStatus
            ends = _after(self._looks(task, when), 2 * self.delays.transition)
            self._set_status(task, ends, ended, attempt=0)

        self.timers.at(_after(began, seconds), done)

    def _looks(self, task: Task, now: datetime) -> datetime:
        """The deferrals of a task after its first invocation. Returns when the last one has ended."""
        for wait in waits(self.scenario.deferred_seconds):
            now = _after(now, wait)
            self.timers.at(now, lambda when: self._progress(task, when))
            now = _after(now, LOOK_SECONDS)
            self.usage.looks += 1
            self.usage.handler_seconds += LOOK_SECONDS
            self.usage.run_task_transitions += _TRANSITIONS_OF_A_LOOK
        return now

    def _progress(self, task: Task, now: datetime) -> None:
        # A failed report is skipped, as in the handlers: the next one may succeed.
        if self._admitted("ReportTaskProgress", now):
            self.service.call("ReportTaskProgress", {"taskId": task.id}, now)

    def _admitted(self, operation: str, now: datetime) -> bool:
        admitted = self.throttle.admits(operation, now)
        if operation == "ReportTaskProgress":
            self.usage.reports += 1
            self.usage.throttled_reports += not admitted
        return admitted

    def _set_status(self, task: Task, now: datetime, ended: Callable[[], None], attempt: int) -> None:
        def send(when: datetime) -> None:
            if self.throttle.admits("SetTaskStatus", when):
                request = {"taskId": task.id, "taskStatus": "FINISHED"}
                self.service.call("SetTaskStatus", request, when)
                self._over(task)
                ended()
            elif attempt < _STATUS_RETRIES:
                self.usage.run_task_transitions += 1
                wait = self._backoff(2, attempt, _STATUS_MOST_SECONDS)
                self._set_status(task, _after(when, wait), ended, attempt + 1)
            else:
                ended()

        self.timers.at(now, send)

    def _backoff(self, first: float, attempt: int, most: float) -> float:
        """Full jitter, like the state machine's retries."""
        return self.random.uniform(0, min(most, first * 2.0**attempt))


class _Loop:
    """PollLoop of one worker group."""

    def __init__(self, run: _Run, group: str) -> None:
        self._run = run
        self._group = group
        scenario = run.scenario
        self._limits = Limits(scenario.period, scenario.poll_timeout, scenario.max_concurrent_tasks)
        self._running = 0
        self._last_pace = LastPace()

    def schedule(self, due: datetime) -> None:
        """Schedule the tick that is due, and the next one with it."""
        if due >= self._run.end and not self._run._open:
            return
        fires = _after(due, self._run.random.uniform(0, self._run.delays.tick))
        self._run.timers.at(due, lambda when: self.schedule(_after(when, self._limits.period)))
        self._run.timers.at(fires, self._tick)

    def _tick(self, now: datetime) -> None:
        self._run.usage.ticks += 1
        self._run.usage.executions += 1
        self._poll(now, LoopState(pace=self._last_pace.of_loop(now)), now)

    def _poll(self, started: datetime, state: LoopState, now: datetime) -> None:
        """The state Poll: an invocation of the poller."""
        delays = self._run.delays
        self._run.usage.poll_loop_transitions += 1
        self._run.usage.polls += 1
        _Invocation(self, started, state, _after(now, delays.transition + delays.invocation)).go_on(None)

    def _follow(self, decision: Decision, started: datetime, now: datetime, task: Task | None) -> None:
        """The states Next and StartTask, Wait or Done."""
        run = self._run
        run.usage.poll_loop_transitions += 1
        then = _after(now, run.delays.transition)
        if decision.next is not Next.POLL:
            run.usage.poll_loop_transitions += 1
            then = _after(then, run.delays.transition)
        if task is not None:
            self._running += 1
            run.timers.at(then, lambda when: run.run_task(task, when, self._ended))
        if decision.next is not Next.STOP:
            again = _after(then, decision.wait_seconds)
            run.timers.at(again, lambda when: self._poll(started, decision.state, when))

    def _ended(self) -> None:
        self._running -= 1


class _Invocation:
    """One invocation of the poller: does in virtual time what poll_for_task.py does on AWS."""

    def __init__(self, loop: _Loop, started: datetime, state: LoopState, now: datetime) -> None:
        self._loop = loop
        self._run = loop._run
        self._started = started
        self._now = now
        self._task: Task | None = None
        self._steps = play_round(
            state,
            started_at=started,
            limits=loop._limits,
            last_pace=loop._last_pace,
            now=lambda: self._now,
            jitter=self._run.random.random,
        )

    def go_on(self, result: Any) -> None:
        """Do the steps up to one that takes time. ``result`` is the last one's."""
        try:
            while True:
                match self._steps.send(result):
                    case CountRunningTasks():
                        result = self._loop._running
                    case SendHeartbeat():
                        result = False
                    case Sleep(seconds):
                        self._run.usage.poller_seconds += seconds
                        self._run.timers.at(_after(self._now, seconds), self._awake)
                        return
                    case SendPoll():
                        self._send()
                        return
        except StopIteration as end:
            self._end(end.value)

    def _awake(self, now: datetime) -> None:
        self._now = now
        self.go_on(None)

    def _send(self) -> None:
        run, sent = self._run, self._now

        def over(result: PollResult, when: datetime) -> None:
            run.usage.poller_seconds += (when - sent).total_seconds()
            self._now = when
            self.go_on(polling.Poll(result))

        if not run.throttle.admits("PollForTask", sent):
            run.usage.throttled_polls += 1
            over(PollResult.THROTTLED, _after(sent, run.delays.request))
            return

        def answered(poll: Poll, at: datetime) -> None:
            self._task = poll.task
            over(PollResult.TASK if poll.task else PollResult.EMPTY, _after(at, run.delays.request))

        def give_up(when: datetime) -> None:
            if run.abandon(poll):
                over(PollResult.ABANDONED, when)

        poll = run.poll(self._loop._group, sent, answered)
        run.answer(sent)
        run.timers.at(_after(sent, self._loop._limits.poll_timeout), give_up)

    def _end(self, played: Round) -> None:
        if played.poll is None:
            self._run.usage.poller_seconds += self._run.delays.request
        if played.failed:
            self._run.usage.failed_loops += 1
            return
        self._loop._follow(played.decision, self._started, self._now, self._task)
