"""The task runner as a construct in a stack of one's own."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from infra.configuration_error import ConfigurationError
from infra.handlers import shell_command
from infra.stack import TaskRunner, TaskRunnerStack
from infra.worker_group import WorkerGroup

LOGICAL_IDS = {
    "ClaimsE8D96B24",
    "EventsNotReported7566AC70",
    "HandlerShellCommandActivityFunctionEEB7AC7B",
    "MonitoringTopic2EDA8B02",
    "PollLoopetlFunction26BE82B3",
    "PollLoopetlSchedule1E763B87",
    "PollLoopetlStateMachine2A4D98F2",
    "RunTaskStateMachine4F0C783C",
    "TicksNotDeliveredBD8886B7",
}
GIVEN: dict[str, Any] = {
    "worker_groups": [WorkerGroup("etl")],
    "handlers": [("ShellCommandActivity", shell_command())],
}


def test_with_the_id_default_the_template_is_that_of_the_stack() -> None:
    whole = TaskRunnerStack(cdk.App(), "TaskRunner", **GIVEN)
    own = cdk.Stack(cdk.App(), "TaskRunner")
    TaskRunner(own, "Default", **GIVEN)
    assert Template.from_stack(own).to_json() == Template.from_stack(whole).to_json()


def test_deployed_stacks_keep_their_resources() -> None:
    """As they were called before there was a construct: another logical id would replace a resource."""
    stack = TaskRunnerStack(cdk.App(), "TaskRunner", **GIVEN)
    template = Template.from_stack(stack).to_json()
    assert set(template["Resources"]) >= LOGICAL_IDS
    assert {"RunTaskArn", "AlarmTopicArn"} <= set(template["Outputs"])


def test_it_stands_beside_resources_of_ones_own() -> None:
    own = cdk.Stack(cdk.App(), "Etl")
    topic = sns.Topic(own, "Done")
    runner = TaskRunner(own, "TaskRunner", **GIVEN)
    template = Template.from_stack(own).to_json()["Resources"]
    assert own.get_logical_id(topic.node.default_child) in template  # type: ignore[arg-type]
    names = {each.get("Properties", {}).get("StateMachineName") for each in template.values()}
    assert {"Etl-RunTask", "Etl-PollLoop-etl"} <= names
    assert runner.run_task.state_machine.node.scope is not None


def test_a_second_one_in_a_stack_is_refused() -> None:
    own = cdk.Stack(cdk.App(), "Etl")
    TaskRunner(own, "First", **GIVEN)
    with pytest.raises(ConfigurationError, match="has a TaskRunner already"):
        TaskRunner(own, "Second", **GIVEN)


@pytest.mark.parametrize(
    ("group", "schedule", "timeout"),
    [
        (WorkerGroup("etl"), "rate(1 minute)", "95"),
        (WorkerGroup("etl", max_concurrent_tasks=2), "rate(1 minute)", "95"),
        (WorkerGroup("etl", schedule="rate(1 hour)"), "rate(1 hour)", "10"),
        (WorkerGroup("etl", poll_timeout=20), "rate(5 minutes)", "20"),
    ],
)
def test_a_group_that_says_nothing_of_polling_polls_as_the_context_says(
    group: WorkerGroup, schedule: str, timeout: str
) -> None:
    app = cdk.App(context={"schedule": "rate(1 minute)", "pollTimeout": "95"})
    stack = TaskRunnerStack(app, "TaskRunner", **{**GIVEN, "worker_groups": [group]})
    assert polling(stack) == (schedule, timeout)


def test_protocol_times_are_scaled_as_the_context_says_unless_the_app_does() -> None:
    one, other = (cdk.App(context={"timeScale": "10"}) for _ in range(2))
    assert polling(TaskRunnerStack(one, "TaskRunner", **GIVEN))[1] == "1"
    assert polling(TaskRunnerStack(other, "TaskRunner", **GIVEN, time_scale=1))[1] == "10"


def polling(stack: cdk.Stack) -> tuple[str, str]:
    """The schedule, and the poller's timeout."""
    resources = Template.from_stack(stack).to_json()["Resources"].values()
    (schedule,) = (each for each in resources if each["Type"] == "AWS::Scheduler::Schedule")
    variables = [
        each["Properties"].get("Environment", {}).get("Variables", {})
        for each in resources
        if each["Type"] == "AWS::Lambda::Function"
    ]
    (timeout,) = (each["POLL_TIMEOUT_SECONDS"] for each in variables if "POLL_TIMEOUT_SECONDS" in each)
    return schedule["Properties"]["ScheduleExpression"], timeout
