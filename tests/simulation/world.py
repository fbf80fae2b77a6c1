"""A deployed stack and the service, with a clock that jumps from one event to the next."""

from __future__ import annotations

import heapq
import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest import mock

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from local.datapipeline.service import Service
from local.datapipeline.settings import Settings
from local.datapipeline.tasks import Poll
from local.json_service import ServiceError
from local.sdk_errors import modelled_errors, sdk_error
from runner import clients
from tests.simulation.interpreter import Call, Process, StateError, execute

START = datetime(2026, 1, 1, tzinfo=UTC)
GROUP = "etl"
PERIOD_SECONDS = 300.0
SCHEDULERS_MINUTE = 60.0
POLL_SECONDS = 10.0
PROGRESS_SECONDS = 60.0
ENVIRONMENT = {
    "WORKER_GROUP": GROUP,
    "PERIOD_SECONDS": f"{PERIOD_SECONDS:g}",
    "POLL_TIMEOUT_SECONDS": f"{POLL_SECONDS:g}",
    "POLL_HOLD_SECONDS": "90",
    "RUN_TASK_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:RunTask",
    "CLAIMS_BUCKET": "claims",
    "RUNNER_HOSTNAME": "runner",
    "AWS_DEFAULT_REGION": "us-east-1",
}

Work = Callable[[str, int], tuple[float, str]]
"""(component, which time it is begun) -> (seconds that it takes, status)."""


class AbortedError(Exception):
    """The execution was stopped."""


@dataclass(eq=False)
class Execution:
    """One execution of a state machine."""

    name: str
    process: Process
    state: str = ""
    status: str = "RUNNING"
    waits: int = 0
    """Counts what it has waited for, so that a wait which is over cannot wake it again."""


@dataclass
class World:
    """Everything: ``machines`` are the two definitions of the template."""

    machines: Mapping[str, Mapping[str, Any]]
    settings: Settings
    work: Work
    seed: int = 0
    now: datetime = START
    down: tuple[datetime, datetime] = (START, START)
    no_ticks: tuple[datetime, datetime] = (START, START)
    drop_answers: int = 0
    abort_at: str = ""
    """RunTask is aborted, once for each component, when it enters this state."""
    progress_delay: float = 0.0
    """Seconds after which RunTask's ReportTaskProgress reaches the service."""
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
        with mock.patch.dict("os.environ", ENVIRONMENT):
            self._poller: Any = importlib.reload(importlib.import_module("poll_for_task"))
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
        answered, self.service.life.board.answered[:] = list(self.service.life.board.answered), []
        for poll in answered:
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
            execution.status = "SUCCEEDED"
            return
        except StateError as error:
            execution.status = f"FAILED {error.name}"
            return
        except AbortedError:
            execution.status = "ABORTED"
            return
        if isinstance(wanted, int | float):
            self.at(wanted, lambda: self._go_on(execution) if execution.waits == wait else None)
            return

        def timed_out() -> None:
            if execution.waits == wait and self._polls.pop(wanted.id, None) is not None:
                self.service.life.board.abandon(wanted)
                self._go_on(execution, None)

        self._polls[wanted.id] = lambda poll: self.at(0, lambda: self._go_on(execution, poll))
        self.at(POLL_SECONDS, timed_out)
        self._settle()

    def _execution(self, name: str, machine: str, given: Any, calls: Callable[[str], Call]) -> Execution:
        context = {"Execution": {"Input": given, "Name": name, "StartTime": self.now.isoformat()}}
        definition = next(one for key, one in self.machines.items() if machine in key)

        def entered(state: str) -> None:
            execution.state = state
            component = name.partition("-")[0]
            if machine == "RunTask" and state == self.abort_at and component not in self._aborted:
                self._aborted.add(component)
                raise AbortedError

        execution = Execution(name, execute(definition, context, calls, self.random, entered))
        self.at(0, lambda: self._go_on(execution))
        return execution

    # PollLoop

    def _start_loop(self) -> None:
        calls = {"Poll": self._poll, "StartTask": self._start_task}
        self.loops.append(self._execution(f"loop-{len(self.loops)}", "PollLoop", {}, calls.__getitem__))

    def _poll(self, _: dict[str, Any], arguments: Any) -> Process:
        """The poller itself, given what the service answers: first the wait, and then its code."""
        event = arguments["Payload"]
        began, poll = self.now, None
        state = self._poller.LoopState.from_json(event["loop"], self._poller.LAST_PACE.pace)
        age = (began - datetime.fromisoformat(event["startedAt"])).total_seconds()
        if self._poller.may_poll(
            seconds_since_start=age, state=state, limits=self._poller.CONFIGURATION.limits
        ):
            answer: Any = None
            if not self._is_down():
                poll = self.service.poll({"workerGroup": GROUP, "hostname": "runner"}, self.now)
                answer = yield poll
        result = self._invoke_poller(event, began, poll, answer if poll else None)
        return {"Payload": result}

    def _invoke_poller(self, event: Any, began: datetime, poll: Poll | None, answer: Poll | None) -> Any:
        clock = {"now": began}

        def poll_for_task(**_: Any) -> Any:
            clock["now"] = self.now
            if poll is None:
                raise ConnectionClosedError(endpoint_url="down")
            if answer is None:
                raise ReadTimeoutError(endpoint_url="held")
            if answer.task is None:
                return {"null-task": {"taskObject": None}}.get(self.settings.empty_poll, {})
            if self.drop_answers:
                self.drop_answers -= 1
                raise ConnectionClosedError(endpoint_url="dropped")
            return {"taskObject": json.loads(json.dumps(self.service.task_object(answer.task)))}

        datetimes = SimpleNamespace(now=lambda _: clock["now"], fromisoformat=datetime.fromisoformat)
        service = SimpleNamespace(report_task_runner_heartbeat=lambda **_: {"terminate": False})
        with (
            mock.patch.object(self._poller, "CLIENT", SimpleNamespace(poll_for_task=poll_for_task)),
            mock.patch.object(self._poller, "datetime", datetimes),
            mock.patch.object(
                self._poller,
                "time",
                SimpleNamespace(
                    monotonic=lambda: clock["now"].timestamp(),
                    sleep=lambda seconds: clock.update(now=clock["now"] + timedelta(seconds=seconds)),
                ),
            ),
            mock.patch.object(self._poller, "_tell"),
            mock.patch.object(self._poller.telemetry, "logger", mock.MagicMock()),
            mock.patch.object(self._poller.telemetry, "emit", mock.MagicMock()),
            mock.patch.object(clients, "data_pipeline", return_value=service),
            mock.patch.object(clients, "s3"),
        ):
            self._count += 1
            try:
                return self._poller.handler(event, SimpleNamespace(aws_request_id=str(self._count)))
            except self._poller.PollingFailed as error:
                raise StateError("PollingFailed", str(error)) from error

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
        return self._handler

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
        times = sum(one == component for one, _ in self.begun)
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
