"""A small app for the tests of the deploy: a function, a state machine that calls it, a schedule."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

app = cdk.App()
stack = cdk.Stack(app, "Fixture")
function = lambda_.Function(
    stack,
    "Probe",
    function_name="probe",
    runtime=lambda_.Runtime.PYTHON_3_13,
    handler="probe.handler",
    code=lambda_.Code.from_asset(str(Path(__file__).with_name("function"))),
    timeout=cdk.Duration.seconds(3),
)
report = tasks.CallAwsService.jsonata(
    stack,
    "ReportProgress",
    service="datapipeline",
    action="reportTaskProgress",
    parameters={"TaskId": "{% $states.input.taskId %}"},
    iam_resources=["*"],
    outputs={
        "do": "{% $states.input.do %}",
        "canceled": "{% $states.result.Canceled %}",
    },
)
invoke = tasks.LambdaInvoke.jsonata(
    stack, "Invoke", lambda_function=function, retry_on_service_exceptions=False, payload=None
)
machine = sfn.StateMachine(
    stack,
    "Machine",
    state_machine_name="machine",
    definition_body=sfn.DefinitionBody.from_chainable(report.next(invoke)),
    query_language=sfn.QueryLanguage.JSONATA,
)
scheduler.Schedule(
    stack,
    "Schedule",
    schedule=scheduler.ScheduleExpression.expression(app.node.try_get_context("schedule")),
    target=targets.StepFunctionsStartExecution(
        machine, input=scheduler.ScheduleTargetInput.from_object({"taskId": "scheduled", "do": "describe"})
    ),
)
machine.add_to_role_policy(iam.PolicyStatement(actions=["datapipeline:*"], resources=["*"]))
app.synth()
