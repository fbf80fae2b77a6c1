"""Writes a log line and metrics for each execution that ended, whatever language its handler is written in.

Event: EventBridge's "Step Functions Execution Status Change", for every end of RunTask and for failures of
PollLoop. Its ``input`` is RunTask's envelope, its ``output`` the outcome that RunTask returns:
``{status, deferrals, errorId?, crashed?, refused?, unhandled?}``. Step Functions omits each of them that is
too large (EventBridge events reference, Step Functions). It omits both, and error and cause, if the state
machine uses a customer managed key (Step Functions developer guide, encryption at rest). In these cases the
handler calls DescribeExecution.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runner import clients, telemetry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

RUN_TASK_ARN = os.environ["RUN_TASK_ARN"]

_METRIC_OF_STATUS = {
    "FAILED": "TasksFailed",
    "FALSE": "TasksNotMet",
    "CANCELED": "TasksCanceled",
    "NO_LONGER_OURS": "TasksLost",
}


@dataclass(frozen=True)
class End:
    """How one RunTask execution ended: the fields of its log line, and its metrics."""

    fields: Mapping[str, Any]
    of_stack: Mapping[str, float] = field(default_factory=dict)
    """Metrics with the stack as their only dimension."""
    of_type: Mapping[str, float] = field(default_factory=dict)
    """Metrics by type."""
    has_type: bool = False
    """False for a type without a handler, since there could be any number of such types."""

    @property
    def reported(self) -> bool:
        """Whether Data Pipeline knows how the task ended."""
        return bool(self.fields["outcome"] != "NOT_REPORTED")


def handler(event: Mapping[str, Any], context: LambdaContext) -> None:  # noqa: ARG001 - Lambda's signature
    """Log and count one ended execution."""
    detail = whole(event["detail"])
    if detail["stateMachineArn"] != RUN_TASK_ARN:
        telemetry.logger.error(
            "PollLoop failed",
            stateMachine=detail["stateMachineArn"].rsplit(":", 1)[-1],
            execution=detail["name"],
            executionStatus=detail["status"],
            error=detail.get("error"),
            cause=detail.get("cause"),
        )
        telemetry.emit({"PollLoopsFailed": 1})
        return
    end = judge(detail)
    if end.reported:
        telemetry.logger.info("Task ended", **end.fields)
    else:
        telemetry.logger.error("Task not reported", **end.fields)
    if end.of_stack:
        telemetry.emit(end.of_stack)
    if end.has_type:
        route, seconds = end.fields["route"], end.fields["seconds"]
        if end.of_type:
            telemetry.emit_for_dashboard(end.of_type, Type=route)
        telemetry.emit_for_dashboard({"TaskDuration": seconds}, unit="Seconds", Type=route)


def whole(detail: Mapping[str, Any]) -> Mapping[str, Any]:
    """``detail`` with what the event omits, taken from DescribeExecution."""
    needed = ("input", "output") if detail["status"] == "SUCCEEDED" else ("input",)
    if all(detail.get(key) is not None for key in needed):
        return detail
    execution = clients.step_functions().describe_execution(executionArn=detail["executionArn"])
    return {**detail, **{key: execution.get(key) for key in ("input", "output", "error", "cause")}}


def judge(detail: Mapping[str, Any]) -> End:
    """What to log and count for an ended RunTask execution. ``detail`` is the event's."""
    envelope = _json(detail.get("input"))
    said = _json(detail.get("output")) if detail["status"] == "SUCCEEDED" else {"status": "NOT_REPORTED"}
    outcome = said.get("status")
    keys = ("pipelineId", "attemptId", "taskId", "workerGroup", "type", "route")
    fields: dict[str, Any] = {
        **{key: envelope.get(key) for key in keys},
        "execution": detail["name"],
        "executionStatus": detail["status"],
        "outcome": outcome,
        "errorId": said.get("errorId"),
        "deferrals": said.get("deferrals"),
        "seconds": (detail["stopDate"] - detail["startDate"]) / 1000,
    }
    if outcome == "NOT_REPORTED":
        fields |= {"error": detail.get("error"), "cause": detail.get("cause")}
    # RunTask says so itself. During a deployment, a list of handlers here could be another deployment's.
    unhandled = bool(said.get("unhandled"))
    of_stack = {
        "TasksFailed": outcome == "FAILED",
        "TasksNotReported": outcome == "NOT_REPORTED",
        "TasksRefused": unhandled,
        "HandlersCrashed": bool(said.get("crashed")),
        "StatusesRefused": bool(said.get("refused")),
    }
    has_type = bool(not unhandled and envelope.get("route") and outcome in ("FINISHED", *_METRIC_OF_STATUS))
    of_type: dict[str, float] = {}
    if has_type and outcome in _METRIC_OF_STATUS:
        of_type[_METRIC_OF_STATUS[outcome]] = 1
    if has_type and said.get("deferrals"):
        of_type["TasksDeferred"] = float(said["deferrals"])
    counted: dict[str, float] = {name: 1 for name, holds in of_stack.items() if holds}
    return End(fields, counted, of_type, has_type)


def _json(text: Any) -> Mapping[str, Any]:
    value = json.loads(text) if isinstance(text, str) else None
    return value if isinstance(value, Mapping) else {}
