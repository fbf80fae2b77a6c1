"""Reads what a task left behind: log groups of the stack, and the history of its RunTask executions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.logs.lines import Line, entry_of, moment, state_text, text_of

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_stepfunctions import SFNClient


@dataclass(frozen=True)
class LogGroup:
    """A log group of the stack, and what its lines are called."""

    name: str
    source: str


class Sources:
    """A deployed stack's logs and executions, on AWS or on local AWS."""

    def __init__(self, logs: CloudWatchLogsClient, step_functions: SFNClient, stack: str) -> None:
        self._logs = logs
        self._step_functions = step_functions
        self._stack = stack
        self._run_task = ""
        """RunTask's ARN, once it is known."""
        self._number = 0
        """Of the lines read so far."""

    def log_groups(self) -> list[LogGroup]:
        """Those of the stack's functions and containers. Raises ClientError."""
        found = []
        for prefix in (f"/aws/lambda/{self._stack}-", f"/ecs/{self._stack}-"):
            pages = self._logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
            for group in (group for page in pages for group in page["logGroups"]):
                name = group["logGroupName"]
                found.append(
                    LogGroup(name, _source(name.removeprefix(prefix), in_container=prefix[1] == "e"))
                )
        return found

    def lines(self, group: LogGroup, mentioning: str, since: datetime) -> Iterator[Line]:
        """The project's log lines that contain the text, if they are not older. Raises ClientError."""
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=group.name,
            startTime=int(since.timestamp() * 1000),
            filterPattern=f'"{_needle(mentioning)}"',
        )
        try:
            for event in (event for page in pages for event in page["events"]):
                entry = entry_of(event["message"])
                if entry:
                    yield self._line(moment(event["timestamp"]), group.source, text_of(entry), entry)
        except ClientError as error:
            # Nothing has been logged there since the group was made, or it was removed meanwhile.
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise

    def states(self, execution: str) -> Iterator[Line]:
        """The states that an execution of RunTask entered, and its errors.

        Step Functions forgets them after 90 days (quotas). Raises ClientError.
        """
        machine = self._run_task_arn()
        if not machine:
            return
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{execution}"
        pages = self._step_functions.get_paginator("get_execution_history").paginate(
            executionArn=arn, includeExecutionData=False
        )
        try:
            for event in (event for page in pages for event in page["events"]):
                text = state_text(event)
                if text is not None:
                    yield self._line(event["timestamp"].astimezone(UTC), "RunTask", text, {})
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise

    def _run_task_arn(self) -> str:
        if not self._run_task:
            pages = self._step_functions.get_paginator("list_state_machines").paginate()
            for machine in (machine for page in pages for machine in page["stateMachines"]):
                if machine["name"] == f"{self._stack}-RunTask":
                    self._run_task = machine["stateMachineArn"]
        return self._run_task

    def _line(self, at: datetime, source: str, text: str, entry: Mapping[str, Any]) -> Line:
        self._number += 1
        return Line(at, self._number, source, text, entry)


def _source(function: str, *, in_container: bool) -> str:
    """What a function is called: the poller of a group, RunTask's own, or a handler by its route."""
    if in_container:
        return f"{function} (container)"
    if function.startswith("poll-"):
        return f"poller {function.removeprefix('poll-')}"
    # execution-ended tells how RunTask ended.
    return {"execution-ended": "RunTask", "container-ended": "container"}.get(function, function)


def _needle(text: str) -> str:
    """The longest part of a text that JSON and a filter pattern both write as it is."""
    runs: list[str] = re.findall(r"[A-Za-z0-9_.:=@/+-]+", text)
    return max(runs, key=len, default="")
