"""The states of a route whose handler runs in a container.

    <route>-PutEvent -> <route> -> <route>-ContainerEnded
                        |- <route>-RunContainer -> <route>-ContainerStopped
                        `- <route>-Wait -> <route>-ReportProgress -> <route>-Canceled? -> ...

``<route>`` is a Parallel state: one branch runs the container and waits for its end, the other reports
progress whatever the container does. Both branches end with an error, because a branch that fails is what
ends a Parallel state at once: Step Functions aborts the other branch, and stops the container if it still
runs (developer guide, Run a Job). Each loop of the second branch takes 240 s, three transitions, and nine of
the 25,000 events that an execution's history may have, which lasts for 7 days.

If RunTask has lost sight of a container that goes on (the answer to its start was lost, or two were started),
ContainerEnded defers, and each resumption leads to it again, without a new container.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.container_task import CONTAINER_NAME, ContainerTask
from infra.naming import slug
from infra.run_task.crash import crash_outcome
from infra.run_task.expressions import expression, state_expression
from infra.run_task.task import INVALID_REQUEST, NO_LONGER_OURS, TASK
from infra.shared_settings import SharedSettings

_FIRST_REPORT_SECONDS = 60
_REPORT_SECONDS = 240
"""The service model takes a task away after 5 minutes without a report."""
_AFTER_AN_ERROR_SECONDS = 120
_MOST_CRASHES = 60
"""Failed judgements in a row, each with its retries: two hours and more."""
_LOGGED = ("pipelineId", "attemptId", "taskId", "workerGroup", "type", "route")
"""The members of the envelope that name the task in log lines."""
_LONGEST_SECONDS = 7 * 24 * 3600 + 3600
"""An hour more than a handler has in a container (lambdas/container/context.py)."""


@dataclass(frozen=True)
class ContainerStates:
    """The two states by which RunTask enters those of a container."""

    start: sfn.IChainable
    ended: sfn.State
    """Its input comes from left_container.jsonata or followed_container.jsonata."""


def run_container(
    scope: Construct,
    route: str,
    container: ContainerTask,
    *,
    judge: lambda_.IFunction,
    shared: SharedSettings,
    outcome: sfn.State,
) -> ContainerStates:
    """The states, of which ``outcome`` comes next. ``judge`` is lambdas/container_ended.py."""
    states = _States(scope, route)
    put = tasks.CallAwsService.jsonata(
        scope,
        states.name("PutEvent"),
        comment="Puts the handler's event where the container finds it.",
        service="s3",
        action="putObject",
        parameters={
            "Bucket": shared.claims.bucket_name,
            "Key": "{% 'containers/' & $states.context.Execution.Name & '/event.json' %}",
            "Body": {"task": f"{{% {TASK} %}}", "state": None, "canceled": False},
            "ContentType": "application/json",
        },
        iam_action="s3:PutObject",
        iam_resources=[shared.claims.arn_for_objects("containers/*/event.json")],
        outputs="{% $states.input %}",
    )
    put.add_retry(
        errors=["States.ALL"],
        interval=Duration.seconds(2),
        backoff_rate=2,
        max_attempts=5,
        max_delay=Duration.seconds(30),
    )
    # Nothing has started: wait, report progress, and try again.
    put.add_catch(outcome, errors=["States.ALL"], outputs=crash_outcome(route, repeatable=True))
    ended = _container_ended(states, route, container, judge=judge, outcome=outcome)
    both = sfn.Parallel.jsonata(
        scope,
        f"Handler-{slug(route, 60)}",
        state_name=route,
        arguments={"waitSeconds": _FIRST_REPORT_SECONDS},
    )
    both.branch(_run(states, container), _report(states))
    left = state_expression("left_container")
    # States.ALL does not catch this one (Step Functions developer guide, error names).
    both.add_catch(ended, errors=["States.DataLimitExceeded"], outputs=left)
    both.add_catch(ended, errors=["States.ALL"], outputs=left)
    both.next(ended)  # Never taken: both branches end with an error.
    return ContainerStates(put.next(both), ended)


def container_statements(container: ContainerTask) -> list[iam.PolicyStatement]:
    """What RunTask's role may do for a container (Step Functions developer guide, ECS)."""
    stack = Stack.of(container)
    return [
        iam.PolicyStatement(actions=["ecs:RunTask"], resources=[container.definition_arns]),
        iam.PolicyStatement(actions=["ecs:StopTask", "ecs:DescribeTasks"], resources=[container.task_arns]),
        iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=[container.role.role_arn, container.execution_role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
        # The rule by which Step Functions learns at once that a task has stopped.
        iam.PolicyStatement(
            actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            resources=[
                stack.format_arn(
                    service="events", resource="rule", resource_name="StepFunctionsGetEventsForECSTaskRule"
                )
            ],
        ),
    ]


class _States:
    """Makes states whose names begin with the route's."""

    def __init__(self, scope: Construct, route: str) -> None:
        self.scope = scope
        self._route = slug(route, 60)

    def name(self, name: str) -> str:
        return f"{self._route}-{name}"

    def task(
        self, name: str, resource: str, arguments: object, *, output: str, **more: object
    ) -> sfn.CustomState:
        state: dict[str, object] = {
            "Type": "Task",
            "Resource": resource,
            "Arguments": arguments,
            "Output": output,
        }
        return sfn.CustomState(self.scope, self.name(name), state_json={**state, **more})


def start_after(machine: Construct, container: ContainerTask) -> None:
    """Let the state machine be there only when what it starts by name is there."""
    machine.node.add_dependency(container.task_definition)


def _run(states: _States, container: ContainerTask) -> sfn.IChainable:
    launch: dict[str, object] = (
        {"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]}
        if container.spot
        else {"LaunchType": "FARGATE"}
    )
    run = states.task(
        "RunContainer",
        f"arn:{Stack.of(container).partition}:states:::ecs:runTask.sync",
        {
            "Cluster": container.cluster.attr_arn,
            # The latest revision. CloudFormation deregisters the one before, which then cannot be started.
            "TaskDefinition": container.family,
            # By its group, the container is found whatever becomes of this state.
            "Group": "{% $states.context.Execution.Name %}",
            **launch,
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {
                    "Subnets": container.network.subnets,
                    "SecurityGroups": container.network.security_groups,
                    "AssignPublicIp": "ENABLED" if container.network.assign_public_ip else "DISABLED",
                }
            },
            "Overrides": {
                "ContainerOverrides": [
                    {
                        "Name": CONTAINER_NAME,
                        "Environment": [
                            {
                                "Name": "TASK_OBJECTS",
                                "Value": container.objects_uri("$states.context.Execution.Name"),
                            }
                        ],
                    }
                ]
            },
        },
        output=state_expression("stopped_task"),
        TimeoutSeconds=_LONGEST_SECONDS,
    )
    stopped = sfn.Fail.jsonata(
        states.scope,
        states.name("ContainerStopped"),
        comment="The container has ended by itself. This ends the other branch.",
        error="ContainerStopped",
        cause="{% $string($states.input) %}",
    )
    return run.next(stopped)


def _report(states: _States) -> sfn.IChainable:
    canceled = sfn.Fail.jsonata(
        states.scope,
        states.name("TaskCanceled"),
        comment="The service wants no more of this task. This stops the container.",
        error="TaskCanceled",
        cause="Data Pipeline has canceled the task, or no longer knows it.",
    )
    wait = sfn.Wait.jsonata(
        states.scope,
        states.name("Wait"),
        time=sfn.WaitTime.seconds("{% $states.input.waitSeconds %}"),
    )
    report = tasks.CallAwsService.jsonata(
        states.scope,
        states.name("ReportProgress"),
        service="datapipeline",
        action="reportTaskProgress",
        parameters={"TaskId": f"{{% {TASK}.taskId %}}"},
        iam_action="datapipeline:ReportTaskProgress",
        iam_resources=["*"],
        outputs=f"{{% {{'canceled': $states.result.Canceled = true, 'waitSeconds': {_REPORT_SECONDS}}} %}}",
    )
    over = [*NO_LONGER_OURS, INVALID_REQUEST]
    report.add_retry(errors=over, max_attempts=0)
    # With the wait before them, another minute keeps below the five of the service model.
    report.add_retry(errors=["States.ALL"], interval=Duration.seconds(10), backoff_rate=2, max_attempts=2)
    report.add_catch(canceled, errors=over)
    # The work goes on. Each failed report takes room in the history, so the next comes later.
    report.add_catch(
        wait, errors=["States.ALL"], outputs=f"{{% {{'waitSeconds': {_AFTER_AN_ERROR_SECONDS}}} %}}"
    )
    look = (
        sfn.Choice.jsonata(states.scope, states.name("Canceled?"))
        .when(sfn.Condition.jsonata("{% $states.input.canceled %}"), canceled)
        .otherwise(wait)
    )
    wait.next(report)
    report.next(look)
    return wait


def _container_ended(
    states: _States, route: str, container: ContainerTask, *, judge: lambda_.IFunction, outcome: sfn.State
) -> sfn.State:
    ended = tasks.LambdaInvoke.jsonata(
        states.scope,
        states.name("ContainerEnded"),
        comment="Leaves no container behind, and makes an outcome of its end.",
        lambda_function=judge,
        payload=sfn.TaskInput.from_object(
            {
                "execution": "{% $states.context.Execution.Name %}",
                "task": {key: f"{{% {TASK}.{key} %}}" for key in _LOGGED},
                "logGroup": container.log_group.log_group_name,
                "error": "{% $states.input.error %}",
                "cause": "{% $states.input.cause %}",
                "starts": "{% $states.input.starts %}",
                "looks": "{% $states.input.looks %}",
            }
        ),
        outputs=state_expression("outcome", route=json.dumps(route)),
        retry_on_service_exceptions=False,
    )
    # A container has 2 minutes from SIGTERM to its end. Judging it again does no harm.
    ended.add_retry(
        errors=["ContainerStopping"],
        interval=Duration.seconds(5),
        backoff_rate=1.5,
        max_attempts=20,
        max_delay=Duration.seconds(20),
    )
    ended.add_retry(
        errors=["States.ALL"],
        interval=Duration.seconds(2),
        backoff_rate=2,
        max_attempts=8,
        max_delay=Duration.seconds(60),
        jitter_strategy=sfn.JitterType.FULL,
    )
    # The function could not be asked, or AWS did not answer it. What it is asked about waits, or goes on.
    again = crash_outcome(route, again=expression("judge_again", most=str(_MOST_CRASHES), seconds="60"))
    ended.add_catch(outcome, errors=["States.DataLimitExceeded"], outputs=again)
    ended.add_catch(outcome, errors=["States.ALL"], outputs=again)
    ended.next(outcome)
    return ended
