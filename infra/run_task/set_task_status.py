"""SetTaskStatus: reports how the task ended, with FAILED where the service refuses what the handler said."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.run_task.ends import end
from infra.run_task.expressions import state_expression
from infra.run_task.task import INVALID_REQUEST, NO_LONGER_OURS


def set_task_status(scope: Construct, *, has_no_handler: str, no_longer_ours: sfn.State) -> sfn.State:
    """The state, which ends the execution. ``has_no_handler`` is JSONata, see has_no_handler.jsonata."""
    not_reported = sfn.Fail(
        scope,
        "StatusNotReported",
        error="StatusNotReported",
        cause=state_expression("not_reported"),
    )
    report_refused_status = _status_call(
        scope,
        "ReportRefusedStatus",
        state_expression("refused_status_arguments"),
        output=end("'FAILED'", has_no_handler, more="{'errorId': 'StatusRefused', 'refused': true}"),
        refused=not_reported,
        no_longer_ours=no_longer_ours,
        failed=not_reported,
    )
    return _status_call(
        scope,
        "SetTaskStatus",
        state_expression("status_arguments"),
        output=end(
            "$states.input.status",
            has_no_handler,
            more="$states.input.status = 'FAILED' ? {'errorId': $states.input.errorId} : {}",
        ),
        refused=report_refused_status,
        no_longer_ours=no_longer_ours,
        failed=not_reported,
    )


def _status_call(
    scope: Construct,
    name: str,
    arguments: str,
    *,
    output: str,
    refused: sfn.State,
    no_longer_ours: sfn.State,
    failed: sfn.State,
) -> sfn.CustomState:
    """A call without the optional arguments that have no value, which CallAwsService cannot make."""
    call = sfn.CustomState(
        scope,
        name,
        state_json={
            "Type": "Task",
            "Resource": f"arn:{Stack.of(scope).partition}:states:::aws-sdk:datapipeline:setTaskStatus",
            "Arguments": arguments,
            "Output": output,
            "End": True,
        },
    )
    call.add_retry(errors=[*NO_LONGER_OURS, INVALID_REQUEST], max_attempts=0)
    # Half an hour on average, a quarter at the very least: the task was run for its status.
    call.add_retry(
        errors=["States.ALL"],
        interval=Duration.seconds(2),
        backoff_rate=2,
        max_delay=Duration.seconds(60),
        max_attempts=60,
        jitter_strategy=sfn.JitterType.FULL,
    )
    call.add_catch(no_longer_ours, errors=NO_LONGER_OURS)
    call.add_catch(refused, errors=[INVALID_REQUEST])
    call.add_catch(failed, errors=["States.ALL"])
    return call
