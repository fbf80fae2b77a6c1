"""A deployed stack and the service, with a clock that jumps from one event to the next."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from local.datapipeline.service import Service
from local.datapipeline.settings import Settings
from local.json_service import ServiceError
from local.sdk_errors import modelled_errors, sdk_error
from poller.loop import Activity, Limits
from poller.pace import LastPace
from poller.polling import Poll, poll_once
from poller.response import read_event, write_response
from poller.round import (
    CountRunningTasks,
    FindActivity,
    FindEarlierLoop,
    LogRound,
    Round,
    SendHeartbeat,
    SendPoll,
    Sleep,
    Step,
    play_invocation,
)
from tests.simulation.interpreter import Call, Process, StateError, execute

START = datetime(2026, 1, 1, tzinfo=UTC)
GROUP = "etl"
PERIOD_SECONDS = 300.0
SCHEDULERS_MINUTE = 60.0
POLL_SECONDS = 10.0
PROGRESS_SECONDS = 60.0
LIMITS = Limits(period=PERIOD_SECONDS, poll_timeout=POLL_SECONDS, linger=600)

Work = Callable[[str, int], tuple[float, str]]
"""(component, which time it is begun) -> (seconds that it takes, status)."""


class AbortedError(Exception):
    """The execution was stopped."""


@dataclass(eq=False)
class Execution:
    """One execution of a state machine."""

    name: str
    process: Process
    started_at: datetime
    entered: list[str] = field(default_factory=list)
    """Its states, in order."""
    status: str = "RUNNING"
    ended_at: datetime | None = None
    waits: int = 0
    """Counts what it has waited for, so that a wait which is over cannot wake it again."""

    @property
    def state(self) -> str:
        """The state that it is in."""
        return self.entered[-1] if self.entered else ""

    def end(self, status: str, now: datetime) -> None:
        """Note how and when it ended."""
        self.status, self.ended_at = status, now


@dataclass
class World:
    """Everything: ``machines`` are the two definitions of the template."""

    machines: Mapping[str, Mapping[str, Any]]
    settings: Settings
    work: Work
    seed: int = 0
    limits: Limits = LIMITS
    """A deployment may replace them. An invocation goes on with those that it began with."""
    now: datetime = START
    down: tuple[datetime, datetime] = (START, START)
    no_ticks: tuple[datetime, datetime] = (START, START)
    drop_answers: int = 0
    abort_at: str = ""
    """RunTask is aborted, once for each component, when it enters this state."""
    progress_delay: float = 0.0
    """Seconds after which RunTask's ReportTaskProgress reaches the service."""
    stale_seconds: float = 0.0
    """How old ListExecutions' answers are."""
    told_to_end: tuple[datetime, datetime] = (START, START)
    """When the heartbeat answers ``terminate``."""
    killed_at_poll: int = 0
    """The poller is killed, once, in so many a poll of an invocation."""
    most_polls: int = 0
    """The most polls that were open at once, but for those that were given up."""
    polls_of_an_invocation: int = 0
    """The most polls of one invocation."""
    run_tasks: dict[str, Execution] = field(default_factory=dict)
    loops: list[Execution] = field(default_factory=list)
    begun: list[tuple[str, datetime]] = field(default_factory=list)
    told_to_stop: list[str] = field(default_factory=list)
    """Components whose handler was called with ``canceled``."""
    reported: list[str] = field(default_factory=list)
    """The statuses that SetTaskStatus was called with, whatever it answered."""
    envelopes: list[Any] = field(default_factory=list)
    """What each RunTask was started with."""
    ready: dict[str, datetime] = field(default_factory=dict)
    finished: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311
        self.service = Service(self.settings, self.random)
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0
        self._polls: dict[int, Callable[[Any], None]] = {}
        self._aborted: set[str] = set()
        self._last_pace = LastPace()
        self._tick(0)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """A call of the service's user, who is not hindered by its being down."""
        answer = self.service.call(operation, request, self.now)
        self._settle()
        return answer

    def run(self, **amount: float) -> None:
        """Let so much time pass."""
        until = self.now + timedelta(**amount)
        while True:
            due = [
                moment for moment in (self.service.timers.next(), self._heap and self._heap[0][0]) if moment
            ]
            if not due or min(due) > until:
                break
            self.now = max(self.now, min(due))
            self.service.timers.run_until(self.now)
            self._settle()
            while self._heap and self._heap[0][0] <= self.now:
                heapq.heappop(self._heap)[2]()
                self._settle()
        self.now = until

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something later."""
        self._count += 1
        heapq.heappush(self._heap, (self.now + timedelta(seconds=seconds), self._count, action))

    # What happens by itself

    def _tick(self, number: int) -> None:
        """A tick comes anywhere within its minute (EventBridge Scheduler user guide)."""

        def start() -> None:
            if not self.no_ticks[0] <= self.now < self.no_ticks[1]:
                self._start_loop()

        self.at(self.random.uniform(0, SCHEDULERS_MINUTE), start)
        self.at(PERIOD_SECONDS, lambda: self._tick(number + 1))

    def _settle(self) -> None:
        """Tell the polls that are answered, and note what is ready."""
        for pipeline in self.service.pipelines.values():
            for instance in pipeline.open_instances():
                if instance.attempt is not None and instance.attempt.task is not None:
                    self.ready.setdefault(instance.id, self.now)
        for poll in self.service.take_answered():
            if poll.id in self._polls:
                self._polls.pop(poll.id)(poll)

    def _go_on(self, execution: Execution, value: Any = None) -> None:
        """Run an execution up to what it waits for next: seconds, or a poll."""
        if execution.status != "RUNNING":
            return
        execution.waits += 1
        wait = execution.waits
        try:
            wanted = execution.process.send(value)
        except StopIteration:
            execution.end("SUCCEEDED", self.now)
            return
        except StateError as error:
            execution.end(f"FAILED {error.name}", self.now)
            return
        except AbortedError:
            execution.end("ABORTED", self.now)
            return
        if isinstance(wanted, int | float):
            self.at(wanted, lambda: self._go_on(execution) if execution.waits == wait else None)
            return

        held, timeout = wanted

        def timed_out() -> None:
            if execution.waits == wait and self._polls.pop(held.id, None) is not None:
                self.service.abandon(held)
                self._go_on(execution, None)

        self._polls[held.id] = lambda poll: self.at(0, lambda: self._go_on(execution, poll))
        self.at(timeout, timed_out)
        self._settle()

    def _execution(self, name: str, machine: str, given: Any, calls: Callable[[str], Call]) -> Execution:
        context = {"Execution": {"Input": given, "Name": name, "StartTime": self.now.isoformat()}}
        definition = next(definition for key, definition in self.machines.items() if machine in key)

        def entered(state: str) -> None:
            execution.entered.append(state)
            component = name.partition("-")[0]
            if machine == "RunTask" and state == self.abort_at and component not in self._aborted:
                self._aborted.add(component)
                raise AbortedError

        execution = Execution(name, execute(definition, context, calls, self.random, entered), self.now)
        self.at(0, lambda: self._go_on(execution))
        return execution

    # PollLoop

    def _start_loop(self) -> None:
        calls = {"Poll": self._poll, "StartTask": self._start_task}
        self.loops.append(self._execution(f"loop-{len(self.loops)}", "PollLoop", {}, calls.__getitem__))

    def _poll(self, _: dict[str, Any], arguments: Any) -> Process:
        """An invocation of the poller: does in virtual time what poll_for_task.py does on AWS."""
        started_at, state = read_event(arguments["Payload"], self._last_pace)
        times_out = self.now + self._timeout()
        steps = play_invocation(
            state,
            started_at=started_at,
            limits=self.limits,
            last_pace=self._last_pace,
            now=lambda: self.now,
            jitter=self.random.random,
            seconds_left=lambda: (times_out - self.now).total_seconds(),
        )
        played = yield from self._play(steps, started_at, times_out)
        if played.failed:
            raise StateError("PollingFailed", played.problem)
        self._count += 1
        response = write_response(
            played,
            worker_group=GROUP,
            poll_id=str(self._count),
            put_claim=lambda name, _: f"s3://claims/claims/{name}.json",
        )
        return {"Payload": response}

    def _timeout(self) -> timedelta:
        """The function's, as infra/poll_loop.py sets it."""
        if self.limits.continuous or self.limits.may_wake:
            return timedelta(seconds=min(900, PERIOD_SECONDS + 150))
        return timedelta(seconds=self.limits.poll_timeout + 30)

    def _play(
        self, steps: Generator[Step, Any, Round], started_at: datetime, times_out: datetime
    ) -> Generator[Any, Any, Any]:
        result: Any = None
        polls = 0
        while True:
            try:
                step = steps.send(result)
            except StopIteration as end:
                return end.value
            match step:
                case CountRunningTasks():
                    result = sum(task.status == "RUNNING" for task in self.run_tasks.values())
                case Sleep(seconds):
                    result = (yield seconds) if seconds else None
                case SendPoll(timeout):
                    polls += 1
                    self.polls_of_an_invocation = max(self.polls_of_an_invocation, polls)
                    if polls == self.killed_at_poll:
                        self.killed_at_poll = 0
                        times_out = self.now + timedelta(seconds=30)
                    result = yield from self._send_poll(timeout, times_out)
                case FindActivity():
                    result = self._activity()
                case FindEarlierLoop():
                    result = any(
                        loop.status == "RUNNING" and loop.started_at < started_at for loop in self.loops
                    )
                case LogRound():
                    result = None
                case SendHeartbeat():
                    result = self.told_to_end[0] <= self.now < self.told_to_end[1]

    def _activity(self) -> Activity:
        """What ListExecutions says, as of a moment ago."""
        seen = self.now - timedelta(seconds=self.stale_seconds)
        known = [task for task in self.run_tasks.values() if task.started_at <= seen]
        ended = [task.ended_at for task in known if task.ended_at is not None and task.ended_at <= seen]
        age = (self.now - max(ended)).total_seconds() if ended else None
        return Activity(running=len(ended) < len(known), seconds_since_end=age)

    def _send_poll(self, timeout: float, times_out: datetime) -> Generator[Any, Any, Poll]:
        """PollForTask as the SDK's client answers it, after as long as the service holds it."""
        if self._is_down():
            return self._judged(ConnectionClosedError(endpoint_url="down"))
        held = self.service.poll({"workerGroup": GROUP, "hostname": "runner"}, self.now)
        left = (times_out - self.now).total_seconds()
        self.most_polls = max(self.most_polls, 1 + len(self._polls))
        answered = yield held, min(timeout, left)
        if answered is None and left < timeout:
            raise StateError("Sandbox.Timedout")
        if answered is None:
            return self._judged(ReadTimeoutError(endpoint_url="held"))
        if answered.task is None:
            empty = {"null-task": {"taskObject": None}}.get(self.settings.empty_poll, {})
            return self._judged(empty)
        if self.drop_answers:
            self.drop_answers -= 1
            return self._judged(ConnectionClosedError(endpoint_url="dropped"))
        task = json.loads(json.dumps(self.service.task_object(answered.task)))
        return self._judged({"taskObject": task})

    def _judged(self, answer: Mapping[str, Any] | Exception) -> Poll:
        """What the poller makes of an answer of PollForTask."""

        def poll_for_task(**_: Any) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        client: Any = SimpleNamespace(poll_for_task=poll_for_task)
        return poll_once(client, worker_group=GROUP, hostname="runner")

    def _start_task(self, _: dict[str, Any], arguments: Any) -> Process:
        name = arguments["Name"]
        if name in self.run_tasks:
            raise StateError("StepFunctions.ExecutionAlreadyExistsException")
        task = arguments["Input"]
        self.envelopes.append(task)
        self.run_tasks[name] = self._execution(name, "RunTask", task, self._run_task_call)
        yield from ()
        return {}

    # RunTask

    def _run_task_call(self, state: str) -> Call:
        if state == "ReportProgress":
            return lambda _, arguments: self._sdk("ReportTaskProgress", arguments)
        if state in ("SetTaskStatus", "ReportRefusedStatus"):
            return lambda _, arguments: self._sdk("SetTaskStatus", arguments)
        if state == "NoCapacity":
            return lambda *_: self._nothing()
        return self._handler

    def _nothing(self) -> Process:
        """A call that only counts something."""
        yield from ()

    def _sdk(self, operation: str, arguments: dict[str, Any]) -> Process:
        """An AWS SDK integration: names begin with capital letters, errors are the Java SDK's."""
        request = {key[0].lower() + key[1:]: value for key, value in arguments.items()}
        if operation == "ReportTaskProgress" and self.progress_delay:
            yield self.progress_delay
        if operation == "SetTaskStatus":
            self.reported.append(request["taskStatus"])
        answer = self._answered(operation, request)
        return {key[0].upper() + key[1:]: value for key, value in answer.items()}

    def _answered(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        code, message = "InternalServiceError", "down"
        if not self._is_down():
            try:
                answer = self.service.call(operation, request, self.now)
            except ServiceError as error:
                code, message = error.type, error.message
            else:
                if operation == "SetTaskStatus" and request["taskStatus"] == "FINISHED":
                    self.finished.append(request["taskId"])
                self._settle()
                return answer
        name = sdk_error(code, service="DataPipeline", modelled=modelled_errors("datapipeline"))
        raise StateError(f"DataPipeline.{name}", message)

    def _handler(self, _: dict[str, Any], arguments: Any) -> Process:
        """A handler that works and reports its progress, as @task_handler does."""
        task = arguments["Payload"]["task"]
        component = task["attemptId"].lstrip("@").partition("_")[0]
        if arguments["Payload"]["canceled"]:
            self.told_to_stop.append(component)
            return {"Payload": {"status": "FINISHED"}}
        times = sum(begun == component for begun, _ in self.begun)
        self.begun.append((component, self.now))
        left, status = self.work(component, times)
        while left > 0:
            yield min(left, PROGRESS_SECONDS)
            left -= PROGRESS_SECONDS
            if left > 0 and self._is_canceled(task["taskId"]):
                return {"Payload": {"status": "CANCELED"}}
        return {"Payload": {"status": status, "errorId": "Work", "errorMessage": "It did not work"}}

    def _is_canceled(self, task_id: str) -> bool:
        try:
            return bool(self._answered("ReportTaskProgress", {"taskId": task_id})["canceled"])
        except StateError as error:
            return "NotFound" in error.name or "Deleted" in error.name

    def _is_down(self) -> bool:
        return self.down[0] <= self.now < self.down[1]
