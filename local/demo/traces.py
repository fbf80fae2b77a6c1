"""What an attempt leaves behind in the stack: its RunTask execution and its output in the log."""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.demo.pipelines import TYPE, ExpectedAttempt

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_stepfunctions import SFNClient

AttemptKey = tuple[str, str]
"""(pipeline id, attempt id)"""


@dataclass(frozen=True)
class Run:
    """A RunTask execution. `seconds` is None while it runs."""

    execution: str
    status: str
    handler: str
    seconds: float | None


@dataclass(frozen=True)
class Printed:
    """A line of a command's output; `stream` is stdout or stderr."""

    stream: str
    line: str


@dataclass(frozen=True)
class Traces:
    """The traces of all attempts. `loops` counts the PollLoop executions that the schedule has started."""

    runs: Mapping[AttemptKey, Run]
    lines: Mapping[AttemptKey, Sequence[Printed]]
    loops: int

    def run(self, key: AttemptKey | None) -> Run | None:
        return None if key is None else self.runs.get(key)

    def printed(self, key: AttemptKey | None) -> Sequence[Printed]:
        return () if key is None else self.lines.get(key, ())

    def shortcomings(self, expected: ExpectedAttempt, key: AttemptKey | None) -> list[str]:
        """Which traces of a finished attempt are missing or wrong."""
        what = f"{expected.activity}, attempt {expected.number}"
        run = self.run(key)
        if run is None:
            return [f"{what}: there is no RunTask execution"]
        found = []
        if run.status != "SUCCEEDED":
            found.append(f"{what}: RunTask execution {run.execution} is {run.status}")
        if expected.prints not in [entry.line for entry in self.printed(key)]:
            found.append(f"{what}: the log of the handler lacks the line '{expected.prints}'")
        return found


def read_traces(step_functions: SFNClient, logs: CloudWatchLogsClient, stack: str) -> Traces:
    """Read the traces from the state machines and the handler's log group of a deployed stack."""
    pages = step_functions.get_paginator("list_state_machines").paginate()
    machines = {
        machine["name"]: machine["stateMachineArn"] for page in pages for machine in page["stateMachines"]
    }
    loops = [arn for name, arn in machines.items() if name.startswith(f"{stack}-PollLoop-")]
    return Traces(
        _runs(step_functions, machines.get(f"{stack}-RunTask")),
        printed_in(_messages(logs, f"/aws/lambda/{stack}-{TYPE}")),
        sum(len(_executions(step_functions, arn)) for arn in loops),
    )


def printed_in(messages: Iterable[str]) -> dict[AttemptKey, list[Printed]]:
    """The lines that commands printed, picked from the handler's log."""
    printed: defaultdict[AttemptKey, list[Printed]] = defaultdict(list)
    for message in messages:
        entry = _log_entry(message)
        if "stream" in entry and "attemptId" in entry:
            key = entry["pipelineId"], entry["attemptId"]
            printed[key].append(Printed(entry["stream"], str(entry["message"])))
    return dict(printed)


def _runs(client: SFNClient, arn: str | None) -> dict[AttemptKey, Run]:
    """Executions by attempt. If an attempt has several, the last one."""
    runs: dict[AttemptKey, Run] = {}
    for execution_arn in _executions(client, arn) if arn else ():
        told = client.describe_execution(executionArn=execution_arn)
        task = json.loads(told["input"])
        stopped = told.get("stopDate")
        seconds = None if stopped is None else (stopped - told["startDate"]).total_seconds()
        run = Run(told["name"], told["status"], task["route"], seconds)
        runs[task["pipelineId"], task["attemptId"]] = run
    return runs


def _executions(client: SFNClient, arn: str) -> list[str]:
    """The ARNs of executions in the order of their start."""
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=arn)
    executions = [execution for page in pages for execution in page["executions"]]
    return [
        execution["executionArn"]
        for execution in sorted(executions, key=lambda execution: execution["startDate"])
    ]


def _messages(client: CloudWatchLogsClient, log_group: str) -> list[str]:
    messages: list[str] = []
    with contextlib.suppress(client.exceptions.ResourceNotFoundException):
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=log_group):
            messages += [event["message"] for event in page["events"]]
    return messages


def _log_entry(message: str) -> Mapping[str, Any]:
    try:
        entry = json.loads(message)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
