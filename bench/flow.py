"""The deployed stack: transitions and billed time a task, draining at the service's limits, and latency."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.config import Config

from bench.deployed import STACK, LocalAws, up
from bench.figures import ratio, spread

APP = Path(__file__).parent / "app"
SIZES = (10, 100, 1000)
DEFERRALS = 20
DRAINED = 500
SHARED = 300
LATENCIES = 30
TASKS_OF_A_PIPELINE = 50
HELD_POLL_MS = 5_000
"""A poll that lasted longer waited for a task: it is no part of what a task costs."""

RUN_TASK = f"{STACK}-RunTask"
POLLS_PER_SECOND, BURST = 2, 100
"""Documented for an account (developer guide, limits)."""


def measure() -> dict[str, Any]:
    """Takes about half an hour, most of it at the pace of the service's limits."""
    with up("--setting", "throttling=off", app=APP) as aws:
        stack = Deployed(aws)
        result: dict[str, Any] = {
            "idle tick": _idle_tick(stack),
            "tasks": [_tasks(stack, "nothing", size) for size in SIZES],
            "deferring tasks": _tasks(stack, "defers", DEFERRALS),
            "latency": _latency(stack),
        }
    with up(app=APP) as aws:
        result["drain"] = _drain(Deployed(aws), {"bench": DRAINED})
    with up(app=APP) as aws:
        result["drain, shared"] = _drain(Deployed(aws), {"bench": SHARED, "other": SHARED})
    return result


class Deployed:
    """The app on local AWS, through its public APIs."""

    def __init__(self, aws: LocalAws) -> None:
        config = Config(retries={"total_max_attempts": 1}, read_timeout=120, max_pool_connections=20)
        self.aws = aws
        self.datapipeline = aws.client("datapipeline", config=config)
        self.stepfunctions = aws.client("stepfunctions")
        self.logs = aws.client("logs")
        self.functions = aws.client("lambda", config=config)
        machines = self.stepfunctions.list_state_machines()["stateMachines"]
        self.machines = {machine["name"]: machine["stateMachineArn"] for machine in machines}
        self._pipelines = 0
        # The schedules fire when they are made, and a poll is held from then on.
        loops = [f"{STACK}-PollLoop-{group}" for group in ("bench", "other")]
        _until(lambda: all(self.executions(loop, "RUNNING") for loop in loops), seconds=60)

    def define(self, group: str, handler: str, tasks: int) -> str:
        """A pipeline that is not active yet."""
        self._pipelines += 1
        name = f"bench{self._pipelines}"
        created: str = self.datapipeline.create_pipeline(name=name, uniqueId=name)["pipelineId"]
        default = {"scheduleType": "ondemand", "workerGroup": group}
        activity = {"type": "ShellCommandActivity", "command": "true", "myHandler": handler}
        objects = [("Default", default), *((f"A{number}", activity) for number in range(tasks))]
        self.datapipeline.put_pipeline_definition(
            pipelineId=created,
            pipelineObjects=[
                {"id": id_, "name": id_, "fields": [{"key": k, "stringValue": v} for k, v in fields.items()]}
                for id_, fields in objects
            ],
        )
        return created

    def activate(self, pipeline: str) -> None:
        self.datapipeline.activate_pipeline(pipelineId=pipeline)

    def start(self, group: str, handler: str, tasks: int) -> None:
        """Make so many tasks ready."""
        for first in range(0, tasks, TASKS_OF_A_PIPELINE):
            self.activate(self.define(group, handler, min(TASKS_OF_A_PIPELINE, tasks - first)))

    def executions(self, machine: str, status: str = "") -> list[dict[str, Any]]:
        pages = self.stepfunctions.get_paginator("list_executions")
        more = {"statusFilter": status} if status else {}
        return [
            one
            for page in pages.paginate(stateMachineArn=self.machines[machine], **more)
            for one in page["executions"]
        ]

    def history(self, execution_arn: str) -> list[dict[str, Any]]:
        pages = self.stepfunctions.get_paginator("get_execution_history")
        return [event for page in pages.paginate(executionArn=execution_arn) for event in page["events"]]

    def billed_ms(self, function: str, since: datetime) -> list[float]:
        """Billed durations of the invocations that ended since then, from Lambda's report lines."""
        pages = self.logs.get_paginator("filter_log_events")
        lines = [
            json.loads(event["message"])
            for page in pages.paginate(
                logGroupName=f"/aws/lambda/{function}",
                startTime=int(since.timestamp() * 1000),
                filterPattern='"platform.report"',
            )
            for event in page["events"]
        ]
        return [line["record"]["metrics"]["billedDurationMs"] for line in lines]


def _states(events: Sequence[dict[str, Any]]) -> list[str]:
    return [e["stateEnteredEventDetails"]["name"] for e in events if "stateEnteredEventDetails" in e]


def _until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError("the tasks did not end in time")
        time.sleep(0.5)


def _idle_tick(stack: Deployed) -> dict[str, Any]:
    """One execution of PollLoop with the defaults and no task."""
    machine = f"{STACK}-PollLoop-idle"
    since = datetime.now(UTC)
    arn = stack.stepfunctions.start_execution(stateMachineArn=stack.machines[machine], input="{}")[
        "executionArn"
    ]
    _until(
        lambda: stack.stepfunctions.describe_execution(executionArn=arn)["status"] == "SUCCEEDED", seconds=60
    )
    states = _states(stack.history(arn))
    return {
        "transitions": len(states),
        "states": states,
        "billed poller ms": stack.billed_ms(f"{STACK}-poll-idle", since),
    }


def _tasks(stack: Deployed, handler: str, size: int) -> dict[str, Any]:
    """So many tasks at once, from their first to their last transition."""
    before = {one["executionArn"] for one in stack.executions(RUN_TASK)}
    loops = {one["executionArn"]: 0 for one in stack.executions(f"{STACK}-PollLoop-bench")}
    for arn in loops:
        states = _states(stack.history(arn))
        loops[arn] = len(states) - (states[-1:] == ["Poll"])  # A poll that is held may get the first task.
    since = datetime.now(UTC)
    stack.start("bench", handler, size)
    _until(lambda: len(stack.executions(RUN_TASK, "SUCCEEDED")) >= len(before) + size, seconds=120 + 2 * size)
    time.sleep(3)  # Lambda's report lines, and the function that counts ended executions.
    polled: list[int] = []
    for one in stack.executions(f"{STACK}-PollLoop-bench"):
        polled += _lengths(_states(stack.history(one["executionArn"]))[loops.get(one["executionArn"], 0) :])
    ran = [
        len(_states(stack.history(one["executionArn"])))
        for one in stack.executions(RUN_TASK)
        if one["executionArn"] not in before
    ]
    poller = [ms for ms in stack.billed_ms(f"{STACK}-poll-bench", since) if ms < HELD_POLL_MS]
    return {
        "tasks": size,
        "started": len(polled),
        "PollLoop, transitions of a task": dict(Counter(polled)),
        "RunTask, transitions of a task": dict(Counter(ran)),
        "billed ms of a task": {
            "poller": spread(poller),
            "handler": spread(stack.billed_ms(f"bench-{handler}", since)),
        },
    }


def _lengths(states: Sequence[str]) -> Iterator[int]:
    """How many states of PollLoop each task took; those of polls that brought none are left out."""
    length = 0
    for name in states:
        length = 1 if name == "Poll" else length + 1
        if name == "StartTask":
            yield length


def _drain(stack: Deployed, tasks_of_group: dict[str, int]) -> dict[str, Any]:
    """Tasks that are ready at once, at the documented limits: how fast they are taken, and by whom."""
    pipelines = [
        stack.define(group, "nothing", TASKS_OF_A_PIPELINE)
        for group, tasks in tasks_of_group.items()
        for _ in range(tasks // TASKS_OF_A_PIPELINE)
    ]
    total = sum(tasks_of_group.values())
    for pipeline in pipelines:
        stack.activate(pipeline)
    _until(lambda: len(stack.executions(RUN_TASK, "SUCCEEDED")) >= total, seconds=120 + total)
    time.sleep(3)
    started = sorted(one["startDate"].timestamp() for one in stack.executions(RUN_TASK))
    after_burst = started[BURST:]
    rate = (len(after_burst) - 1) / (after_burst[-1] - after_burst[0])
    answers = Counter(result for group in tasks_of_group for result in _results(stack, group))
    polls = sum(answers.values())
    shared_until = min(
        sorted(_starts(stack, group))[int(0.8 * tasks)] for group, tasks in tasks_of_group.items()
    )
    return {
        "tasks": tasks_of_group,
        "started a second after the burst": round(rate, 3),
        "of the limit": round(rate / POLLS_PER_SECOND, 3),
        "polls": dict(answers),
        "throttled, %": round(100 * answers["THROTTLED"] / polls, 2),
        "started by each group while both had tasks": {
            group: sum(moment <= shared_until for moment in _starts(stack, group)) for group in tasks_of_group
        },
    }


def _starts(stack: Deployed, group: str) -> list[float]:
    """When each task of a group was received."""
    return [
        datetime.fromisoformat(line["timestamp"]).timestamp()
        for line in _lines(stack, group, "Task received")
    ]


def _results(stack: Deployed, group: str) -> list[str]:
    return [line["result"] for line in _lines(stack, group, "result")]


def _lines(stack: Deployed, group: str, words: str) -> list[dict[str, Any]]:
    pages = stack.logs.get_paginator("filter_log_events")
    return [
        json.loads(event["message"])
        for page in pages.paginate(
            logGroupName=f"/aws/lambda/{STACK}-poll-{group}", filterPattern=f'"{words}"'
        )
        for event in page["events"]
    ]


def _latency(stack: Deployed) -> dict[str, Any]:
    """From ActivatePipeline to the call of the function: PollLoop and RunTask, and a bare script, in turn."""
    times: dict[str, list[float]] = {"stack": [], "bare": [], "start": []}
    chain = BareChain(stack)
    for number in range(LATENCIES + 2):
        for name in ("stack", "bare") if number % 2 else ("bare", "stack"):
            pipeline = stack.define("bench" if name == "stack" else "bare", "tells-when", 1)
            if name == "bare":
                chain.poll()
            time.sleep(1.0)  # The poll is held by then.
            began = time.time()
            stack.activate(pipeline)
            called, start = _called_at(stack, began) if name == "stack" else (chain.called_at(), 0.0)
            if number < 2:  # The first ones start execution environments.
                continue
            times[name].append(1000 * (called - began))
            if name == "stack":
                times["start"].append(1000 * start)
    chains = [whole - start for whole, start in zip(times["stack"], times["start"], strict=True)]
    return {
        "tasks of each": LATENCIES,
        "ActivatePipeline to the handler's call, ms": {
            "PollLoop and RunTask": spread(times["stack"]),
            "of which local AWS takes to begin RunTask's execution": spread(times["start"]),
            "PollLoop and RunTask without that": spread(chains),
            "PollForTask, StartExecution, ReportTaskProgress, Invoke by a script": spread(times["bare"]),
            "ratio of the medians": ratio(times["stack"], times["bare"]),
            "ratio of the medians without that": ratio(chains, times["bare"]),
        },
    }


def _called_at(stack: Deployed, began: float) -> tuple[float, float]:
    """When the function says that it was called, and the seconds from ExecutionStarted to the first state."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        newest = max(stack.executions(RUN_TASK, "SUCCEEDED"), key=lambda one: one["startDate"], default=None)
        if newest is not None and newest["startDate"].timestamp() >= began:
            events = stack.history(newest["executionArn"])
            first = next(event for event in events if "stateEnteredEventDetails" in event)
            start = (first["timestamp"] - events[0]["timestamp"]).total_seconds()
            for event in events:
                output = json.loads(event.get("taskSucceededEventDetails", {}).get("output", "{}"))
                if "calledAt" in (output.get("Payload") or {}):
                    return float(output["Payload"]["calledAt"]), start
        time.sleep(0.1)
    raise RuntimeError("the task did not run")


class BareChain:
    """The same calls, by a script that does nothing else."""

    def __init__(self, stack: Deployed) -> None:
        self._stack = stack
        self._thread: threading.Thread | None = None
        self._called: list[float] = []
        self._machine: str = stack.stepfunctions.create_state_machine(
            name="bare",
            definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
            roleArn="arn:aws:iam::000000000000:role/bench",
        )["stateMachineArn"]

    def poll(self) -> None:
        """Hold a poll, and handle its task."""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def called_at(self) -> float:
        """When the function of that task was called."""
        assert self._thread is not None  # noqa: S101 - a poll is held
        self._thread.join()
        return self._called[-1]

    def _run(self) -> None:
        stack = self._stack
        task = stack.datapipeline.poll_for_task(workerGroup="bare", hostname="bench")["taskObject"]
        stack.stepfunctions.start_execution(stateMachineArn=self._machine, input=json.dumps(task))
        stack.datapipeline.report_task_progress(taskId=task["taskId"])
        answer = stack.functions.invoke(
            FunctionName="bench-tells-when", Payload=json.dumps({"task": task}).encode()
        )
        self._called.append(json.loads(answer["Payload"].read())["calledAt"])
        stack.datapipeline.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
