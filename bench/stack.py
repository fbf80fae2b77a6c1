"""The benchmark's app on local AWS, used through its public APIs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.config import Config

from bench.deployed import STACK, LocalAws

APP = Path(__file__).parent / "app"
RUN_TASK = f"{STACK}-RunTask"
TASKS_OF_A_PIPELINE = 50


class Deployed:
    """The state machines, functions and pipelines of the deployed app."""

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
        # Schedules fire when they are created, and from then on a poll is held.
        loops = [f"{STACK}-PollLoop-{group}" for group in ("bench", "other")]
        until(lambda: all(self.executions(loop, "RUNNING") for loop in loops), seconds=60)

    def define(self, group: str, handler: str, tasks: int) -> str:
        """Create a pipeline without activating it."""
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
            execution
            for page in pages.paginate(stateMachineArn=self.machines[machine], **more)
            for execution in page["executions"]
        ]

    def history(self, execution_arn: str) -> list[dict[str, Any]]:
        pages = self.stepfunctions.get_paginator("get_execution_history")
        return [event for page in pages.paginate(executionArn=execution_arn) for event in page["events"]]

    def billed_ms(self, function: str, since: datetime) -> list[float]:
        """Billed durations of the invocations that ended since then, from Lambda's report lines."""
        return [billed for billed, _ in self.billed_and_paused_ms(function, since)]

    def billed_and_paused_ms(self, function: str, since: datetime) -> list[tuple[float, float]]:
        """For each invocation, the billed time and how long the poller slept to keep to the account's rate.

        Invocations must not overlap: each ends with its report line in the log group.
        """
        pages = self.logs.get_paginator("filter_log_events")
        found: list[tuple[float, float]] = []
        paused = 0.0
        for page in pages.paginate(
            logGroupName=f"/aws/lambda/{function}", startTime=int(since.timestamp() * 1000)
        ):
            for event in page["events"]:
                line = json.loads(event["message"])
                paused += 1000 * line.get("pausedSeconds", 0.0)
                if line.get("type") == "platform.report":
                    found.append((line["record"]["metrics"]["billedDurationMs"], paused))
                    paused = 0.0
        return found


def states(events: Sequence[dict[str, Any]]) -> list[str]:
    """The states that an execution entered, by its history."""
    return [e["stateEnteredEventDetails"]["name"] for e in events if "stateEnteredEventDetails" in e]


def until(holds: Callable[[], bool], seconds: float) -> None:
    """Wait until ``holds`` is true. Raises RuntimeError after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError("the tasks did not end in time")
        time.sleep(0.5)
