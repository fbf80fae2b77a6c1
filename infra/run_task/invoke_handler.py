"""The state of a handler: invokes its function, and makes an outcome of whatever happens."""

from __future__ import annotations

import json

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra import lambda_errors
from infra.naming import slug
from infra.run_task.crash import crash_outcome
from infra.run_task.expressions import state_expression
from infra.run_task.task import TASK

# The function certainly did not start, so invoking it again keeps "at most once an attempt".
NOT_STARTED = [
    *lambda_errors.NOT_STARTED,
    # An execution environment that ends itself instead of taking a task answers so (runner/environment.py).
    "EnvironmentNotClean",
]

CAPACITY_WAIT_SECONDS = 60


def invoke_handler(
    scope: Construct,
    route: str,
    function: lambda_.IFunction,
    *,
    outcome: sfn.State,
    no_capacity: sfn.State,
    wait: sfn.State,
    repeatable: bool = False,
) -> sfn.TaskStateBase:
    """The state, named ``route``. ``outcome`` comes next.

    If the function could not start, ``wait`` comes next; for want of capacity, ``no_capacity`` does.
    ``repeatable``: whether a crash is a deferral: see ``crash_outcome``.
    """
    invoke = tasks.LambdaInvoke.jsonata(
        scope,
        f"Handler-{slug(route, 60)}",  # A construct's id may not contain "/", and "Logs" is taken.
        state_name=route,
        lambda_function=function,
        payload=sfn.TaskInput.from_object(
            {
                "task": f"{{% {TASK} %}}",
                "state": "{% $exists($states.input.resume.state) ? $states.input.resume.state : null %}",
                "canceled": "{% $states.input.canceled %}",
            }
        ),
        outputs=state_expression("outcome", route=json.dumps(route)),
        # CDK's default retries service exceptions, after some of which the function may have run.
        retry_on_service_exceptions=False,
    )
    invoke.add_retry(
        errors=NOT_STARTED,
        interval=Duration.seconds(2),
        backoff_rate=2,
        max_attempts=4,
        max_delay=Duration.seconds(30),
        jitter_strategy=sfn.JitterType.FULL,
    )
    # Still not ready: wait, report progress so that the task stays ours, and try again.
    again = f"{{% {{'resume': $states.input.resume, 'waitSeconds': {CAPACITY_WAIT_SECONDS}}} %}}"
    invoke.add_catch(no_capacity, errors=lambda_errors.NO_CAPACITY, outputs=again)
    invoke.add_catch(
        wait,
        errors=[error for error in NOT_STARTED if error not in lambda_errors.NO_CAPACITY],
        outputs=again,
    )
    crash = crash_outcome(route, repeatable=repeatable)
    # States.ALL does not catch this one (Step Functions developer guide, error names).
    invoke.add_catch(outcome, errors=["States.DataLimitExceeded"], outputs=crash)
    invoke.add_catch(outcome, errors=["States.ALL"], outputs=crash)
    invoke.next(outcome)
    return invoke
