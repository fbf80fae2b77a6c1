"""The ends of an execution: what its output says, and the ends that report no status."""

from __future__ import annotations

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.run_task.expressions import state_expression


def end(status: str, has_no_handler: str, *, more: str = "") -> str:
    """The execution's output. All arguments are JSONata of the last state; see end.jsonata."""
    return state_expression("end", status=status, hasNoHandler=has_no_handler, more=more)


def canceled(scope: Construct, has_no_handler: str) -> sfn.Succeed:
    """Nobody waits for the task's status."""
    return sfn.Succeed.jsonata(
        scope,
        "Canceled",
        comment="The service wants no more of this task: no status is reported.",
        outputs=end("'CANCELED'", has_no_handler),
    )


def no_longer_ours(scope: Construct, has_no_handler: str) -> sfn.Succeed:
    """The task, or its pipeline, is gone."""
    return sfn.Succeed.jsonata(
        scope,
        "NoLongerOurs",
        comment="The service no longer knows the task: nothing is left to report.",
        outputs=end("'NO_LONGER_OURS'", has_no_handler),
    )


def not_acknowledged(scope: Construct) -> sfn.Fail:
    """The work was not begun, and the service offers the task to the next poll."""
    return sfn.Fail(
        scope,
        "NotAcknowledged",
        error="NotAcknowledged",
        cause="ReportTaskProgress failed again and again, so the work was not begun. "
        "Data Pipeline offers the task again 2 minutes after it was taken.",
    )
