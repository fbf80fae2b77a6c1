"""RunTask: one execution runs one task.

    ReportProgress -> Route -> <handler> -> Outcome -> SetTaskStatus

Its input is the envelope (lambdas/poller/envelope.py). Every state reads it as the execution's input, so
that little data flows from state to state: ``{canceled, resume?, unacknowledged?}`` before the handler, its
outcome after it. A task takes five states; each deferral costs Wait and the first four again.

The execution's output says how the task ended, for people and for lambdas/execution_ended.py:
``{status, deferrals, errorId?, crashed?, refused?, unhandled?}``. An execution that fails has not told Data
Pipeline.

Expressions of a line stand here; the others are the ``.jsonata`` files beside this one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.container_task import ContainerTask
from infra.encryption import of_state_machine
from infra.error_log import error_log
from infra.handler import Target
from infra.run_task import ends
from infra.run_task.expressions import expression, state_expression
from infra.run_task.invoke_handler import invoke_handler
from infra.run_task.no_capacity import count_no_capacity, may_count
from infra.run_task.report_progress import followed_by, report_progress
from infra.run_task.run_container import container_statements, run_container, start_after
from infra.run_task.set_task_status import set_task_status
from infra.run_task.task import TASK
from infra.shared_settings import SharedSettings

RUN_TASK = "RunTask"
"""The state machine is named ``<stack>-RunTask``."""


class RunTask(Construct):
    """The state machine, with one visible state for each route.

    ``repeatable``: the routes whose handlers may be invoked again after a crash.
    ``container_ended`` is the function of lambdas/container_ended.py; None if no handler runs in a container.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handlers: Mapping[str, Target],
        container_ended: lambda_.IFunction | None,
        repeatable: Collection[str] = (),
        shared: SharedSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        targets = dict(sorted(handlers.items()))
        name = f"{Stack.of(self).stack_name}-{RUN_TASK}"
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=name,
            comment="Runs one AWS Data Pipeline task: acknowledge, handle, report.",
            query_language=sfn.QueryLanguage.JSONATA,
            definition_body=sfn.DefinitionBody.from_chainable(
                _definition(self, targets, container_ended, shared, repeatable)
            ),
            encryption_configuration=of_state_machine(shared.encryption_key),
            logs=error_log(self, "Logs", state_machine=name, shared=shared),
            tracing_enabled=shared.tracing,
        )
        self.state_machine.add_to_role_policy(
            iam.PolicyStatement(
                # The developer guide names no resource for this action, the Service Authorization
                # Reference does: "*" is right under both. ReportProgress brings its own statement.
                actions=["datapipeline:SetTaskStatus"],
                resources=["*"],
            )
        )
        containers = [target for target in targets.values() if isinstance(target, ContainerTask)]
        if len(containers) < len(targets):
            self.state_machine.add_to_role_policy(may_count(shared.namespace))
        for container in containers:
            start_after(self.state_machine, container)
            for statement in container_statements(container):
                self.state_machine.add_to_role_policy(statement)
        if containers and shared.encryption_key is not None:
            # Putting an object takes only this action (S3 user guide, SSE-KMS).
            shared.encryption_key.grant(self.state_machine, "kms:GenerateDataKey")


def _definition(
    scope: Construct,
    handlers: Mapping[str, Target],
    container_ended: lambda_.IFunction | None,
    shared: SharedSettings,
    repeatable: Collection[str],
) -> sfn.IChainable:
    has_no_handler = expression("has_no_handler", routes=json.dumps(list(handlers)))
    canceled = ends.canceled(scope, has_no_handler)
    no_longer_ours = ends.no_longer_ours(scope, has_no_handler)
    not_acknowledged = ends.not_acknowledged(scope)
    set_status = set_task_status(scope, has_no_handler=has_no_handler, no_longer_ours=no_longer_ours)
    report = report_progress(scope)
    wait = sfn.Wait.jsonata(
        scope,
        "Wait",
        time=sfn.WaitTime.seconds("{% $states.input.waitSeconds %}"),
        outputs="{% {'resume': $states.input.resume} %}",
    )
    no_capacity = count_no_capacity(scope, wait, namespace=shared.namespace)
    outcome = (
        sfn.Choice.jsonata(scope, "Outcome")
        .when(
            sfn.Condition.jsonata("{% $states.input.status = 'DEFERRED' %}"),
            wait,
            outputs=state_expression("deferral"),
        )
        .when(sfn.Condition.jsonata("{% $states.input.status = 'CANCELED' %}"), canceled)
        .otherwise(set_status)
    )
    route = (
        sfn.Choice.jsonata(scope, "Route")
        .when(
            sfn.Condition.jsonata("{% $states.input.canceled and $not($exists($states.input.resume)) %}"),
            canceled,
        )
        .when(
            sfn.Condition.jsonata(
                "{% $exists($states.input.unacknowledged) and $not($exists($states.input.resume)) %}"
            ),
            not_acknowledged,
        )
        .when(
            sfn.Condition.jsonata(f"{{% $exists({TASK}.refusal) %}}"),
            set_status,
            outputs=f"{{% $merge([{{'status': 'FAILED'}}, {TASK}.refusal]) %}}",
        )
    )
    for name, target in handlers.items():
        condition = f"{TASK}.route = {json.dumps(name)}"
        if isinstance(target, ContainerTask):
            assert container_ended is not None  # noqa: S101 - the stack makes it if it has containers
            states = run_container(scope, name, target, judge=container_ended, shared=shared, outcome=outcome)
            followed = f"$states.input.resume.state.running = true and {condition}"
            route.when(
                sfn.Condition.jsonata(f"{{% {followed} %}}"),
                states.ended,
                outputs=state_expression("followed_container"),
            )
            # While RunTask waits for capacity, no container of the task exists.
            route.when(sfn.Condition.jsonata(f"{{% $states.input.canceled and {condition} %}}"), canceled)
            handler = states.start
        else:
            handler = invoke_handler(
                scope,
                name,
                target,
                outcome=outcome,
                no_capacity=no_capacity,
                wait=wait,
                repeatable=name in repeatable,
            )
        route.when(sfn.Condition.jsonata(f"{{% {condition} %}}"), handler)
    route.when(
        sfn.Condition.jsonata(f"{{% {has_no_handler} %}}"),
        set_status,
        outputs=state_expression("no_handler", registered=json.dumps(", ".join(handlers))),
    )
    wait.next(report)
    return followed_by(report, route)
