"""The deployed stack: transitions and billed time per task, drain rate at the limits, and latency."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from bench import latency
from bench.deployed import STACK, up
from bench.figures import spread
from bench.stack import APP, RUN_TASK, TASKS_OF_A_PIPELINE, Deployed, states, until
from local.datapipeline.throttle import BURST, RATES

SIZES = (10, 100, 1000)
DEFERRALS = 20
DRAINED = 500
SHARED = 300
HELD_POLL_MS = 5_000
"""A poll that lasted longer was waiting for a task, which is not part of a task's cost."""


def measure() -> dict[str, Any]:
    """Takes about half an hour, mostly at the pace of the service's limits."""
    unthrottled = ("--setting", "throttling=off", "--setting", "maximum_pipelines=1000")
    with up(*unthrottled, app=APP) as aws:
        stack = Deployed(aws)
        result: dict[str, Any] = {
            "idle tick": _idle_tick(stack),
            "tasks": [_tasks(stack, "nothing", size) for size in SIZES],
            "deferring tasks": _tasks(stack, "defers", DEFERRALS),
        }
    with up(*unthrottled, app=APP) as aws:  # A new one: 1,000 tasks slow local AWS down.
        result["latency"] = latency.measure(Deployed(aws))
    with up(app=APP) as aws:
        result["drain"] = _drain(Deployed(aws), {"bench": DRAINED})
    with up(app=APP) as aws:
        result["drain, shared"] = _drain(Deployed(aws), {"bench": SHARED, "other": SHARED})
    return result


def _idle_tick(stack: Deployed) -> dict[str, Any]:
    """One execution of PollLoop with the defaults and no task."""
    machine = f"{STACK}-PollLoop-idle"
    since = datetime.now(UTC)
    arn = stack.stepfunctions.start_execution(stateMachineArn=stack.machines[machine], input="{}")[
        "executionArn"
    ]
    until(
        lambda: stack.stepfunctions.describe_execution(executionArn=arn)["status"] == "SUCCEEDED", seconds=60
    )
    entered = states(stack.history(arn))
    return {
        "transitions": len(entered),
        "states": entered,
        "billed poller ms": stack.billed_ms(f"{STACK}-poll-idle", since),
    }


def _tasks(stack: Deployed, handler: str, size: int) -> dict[str, Any]:
    """Run so many tasks at once, from their first to their last transition."""
    before = {execution["executionArn"] for execution in stack.executions(RUN_TASK)}
    loops = {execution["executionArn"]: 0 for execution in stack.executions(f"{STACK}-PollLoop-bench")}
    for arn in loops:
        entered = states(stack.history(arn))
        loops[arn] = len(entered) - (entered[-1:] == ["Poll"])  # A held poll may get the first task.
    since = datetime.now(UTC)
    stack.start("bench", handler, size)
    until(lambda: len(stack.executions(RUN_TASK, "SUCCEEDED")) >= len(before) + size, seconds=120 + 2 * size)
    time.sleep(3)  # Wait for Lambda's report lines, and for the function that counts ended executions.
    polled: list[int] = []
    for execution in stack.executions(f"{STACK}-PollLoop-bench"):
        polled += _lengths(
            states(stack.history(execution["executionArn"]))[loops.get(execution["executionArn"], 0) :]
        )
    ran = [
        len(states(stack.history(execution["executionArn"])))
        for execution in stack.executions(RUN_TASK)
        if execution["executionArn"] not in before
    ]
    poller = [
        (billed, billed - paused)
        for billed, paused in stack.billed_and_paused_ms(f"{STACK}-poll-bench", since)
        if billed < HELD_POLL_MS
    ]
    return {
        "tasks": size,
        "started": len(polled),
        "PollLoop, transitions of a task": dict(Counter(polled)),
        "RunTask, transitions of a task": dict(Counter(ran)),
        "billed ms of a task": {
            "poller": spread([billed for billed, _ in poller]),
            "poller, without its pauses": spread([working for _, working in poller]),
            "handler": spread(stack.billed_ms(f"bench-{handler}", since)),
        },
    }


def _lengths(states: Sequence[str]) -> Iterator[int]:
    """How many states of PollLoop each task took. Those of polls without a task are left out."""
    length = 0
    for name in states:
        length = 1 if name == "Poll" else length + 1
        if name == "StartTask":
            yield length


def _drain(stack: Deployed, tasks_of_group: dict[str, int]) -> dict[str, Any]:
    """Run tasks that are ready at once, at the documented limits: how fast they start, in which group."""
    pipelines = [
        stack.define(group, "nothing", TASKS_OF_A_PIPELINE)
        for group, tasks in tasks_of_group.items()
        for _ in range(tasks // TASKS_OF_A_PIPELINE)
    ]
    total = sum(tasks_of_group.values())
    for pipeline in pipelines:
        stack.activate(pipeline)
    until(lambda: len(stack.executions(RUN_TASK, "SUCCEEDED")) >= total, seconds=120 + total)
    time.sleep(3)
    started = sorted(execution["startDate"].timestamp() for execution in stack.executions(RUN_TASK))
    after_burst = started[int(BURST) :]
    rate = (len(after_burst) - 1) / (after_burst[-1] - after_burst[0])
    answers = Counter(result for group in tasks_of_group for result in _results(stack, group))
    polls = sum(answers.values())
    shared_until = min(
        sorted(_starts(stack, group))[int(0.8 * tasks)] for group, tasks in tasks_of_group.items()
    )
    return {
        "tasks": tasks_of_group,
        "started a second after the burst": round(rate, 3),
        "of the limit": round(rate / RATES["PollForTask"], 3),
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
            logGroupName=f"/aws/lambda/{STACK}-poll-{group}",
            filterPattern=f'"{words}"',
        )
        for event in page["events"]
    ]
