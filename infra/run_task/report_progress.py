"""ReportProgress: acknowledges the task, keeps it ours, and asks whether it is canceled."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.run_task.task import INVALID_REQUEST, NO_LONGER_OURS, TASK


def report_progress(scope: Construct) -> sfn.TaskStateBase:
    """The state, which leads nowhere yet: see ``followed_by``."""
    report = tasks.CallAwsService.jsonata(
        scope,
        "ReportProgress",
        comment="Acknowledges the task, and asks whether it is canceled.",
        service="datapipeline",
        action="reportTaskProgress",
        parameters={"TaskId": f"{{% {TASK}.taskId %}}"},
        iam_action="datapipeline:ReportTaskProgress",
        iam_resources=["*"],
        outputs="{% {'canceled': $states.result.Canceled = true, 'resume': $states.input.resume} %}",
    )
    report.add_retry(errors=[*NO_LONGER_OURS, INVALID_REQUEST], max_attempts=0)
    # 91 s in all: after 120 s without an acknowledgement, the service offers the task to the next poll.
    report.add_retry(
        errors=["States.ALL"],
        interval=Duration.seconds(1),
        backoff_rate=2,
        max_delay=Duration.seconds(30),
        max_attempts=7,
        jitter_strategy=sfn.JitterType.FULL,
    )
    return report


def followed_by(report: sfn.TaskStateBase, route: sfn.State) -> sfn.Chain:
    """``report``, with ``route`` as the next state however the call ends."""
    report.add_catch(
        route,
        errors=[*NO_LONGER_OURS, INVALID_REQUEST],
        outputs="{% {'canceled': true, 'resume': $states.input.resume} %}",
    )
    report.add_catch(
        route,
        errors=["States.ALL"],
        outputs="{% {'canceled': false, 'unacknowledged': true, 'resume': $states.input.resume} %}",
    )
    return report.next(route)
