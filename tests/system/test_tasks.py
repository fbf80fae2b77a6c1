"""Tasks of a deployed stack, from the pipeline's definition to what its owner reads afterwards."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from local.account import REGION
from local.environment import for_local_aws
from tests.local.commands import Command
from tests.system.deployments import STACK, Deployment, eventually
from tests.system.executions import POLL_LOOP, RUN_TASK, executions, state_machine, states_entered
from tests.system.pipelines import Pipeline, Ref, shell

DEFINITIONS = Path(__file__).parent / "definitions"
LOG_GROUP = f"/aws/lambda/{STACK}-ShellCommandActivity"


def test_a_scheduled_pipeline_by_the_aws_cli(deployment: Deployment) -> None:
    """The pipeline is created, run and read back without a line of Python."""
    created = deployment.aws_json(
        "datapipeline", "create-pipeline", "--name", "greeting", "--unique-id", "cli"
    )
    pipeline_id = created["pipelineId"]
    definition = f"file://{DEFINITIONS / 'greeting.json'}"
    selected = ("--pipeline-id", pipeline_id)
    deployment.aws("datapipeline", "put-pipeline-definition", *selected, "--pipeline-definition", definition)
    deployment.aws("datapipeline", "activate-pipeline", *selected)
    Pipeline(deployment, pipeline_id).ended("Greet", "FINISHED")

    (run,) = deployment.aws_json("datapipeline", "list-runs", *selected)
    assert run["@id"].startswith("@Greet_")
    assert run["@status"] == "FINISHED"

    arn = state_machine(deployment, RUN_TASK)
    listed = deployment.aws_json("stepfunctions", "list-executions", "--state-machine-arn", arn)
    statuses = {entry["name"]: entry["status"] for entry in listed["executions"]}
    assert [status for name, status in statuses.items() if name.startswith("Greet-")] == ["SUCCEEDED"]

    events = deployment.aws_json("logs", "filter-log-events", "--log-group-name", LOG_GROUP)["events"]
    lines = _messages([event["message"] for event in events])
    assert "Hello World!" in lines
    assert "Good evening" in lines
    eventually(lambda: ("Greet", "FINISHED") in _ended(deployment) or None, "its end was not counted")


def test_a_type_without_a_handler_fails_at_once_and_says_what_is_handled(deployment: Deployment) -> None:
    pipeline = Pipeline.activated(
        deployment,
        {
            "Query": {"type": "SqlActivity", "script": "SELECT 1", "database": Ref("Warehouse")},
            "Warehouse": {
                "type": "JdbcDatabase",
                "connectionString": "jdbc:postgresql://warehouse.invalid/sales",
                "jdbcDriverClass": "org.postgresql.Driver",
                "username": "reader",
                "*password": "not-a-password",
            },
        },
    )
    pipeline.ended("Query", "FAILED")
    attempt = pipeline.attempts("Query")[0].fields
    assert attempt["errorId"] == "NoHandlerForType"
    assert "SqlActivity" in attempt["errorMessage"]
    assert "ShellCommandActivity" in attempt["errorMessage"]


def test_a_command_that_fails_shows_its_exit_code_and_stderr(deployment: Deployment) -> None:
    pipeline = Pipeline.activated(deployment, {"Disk": shell("echo 'no space left' >&2; exit 3")})
    pipeline.ended("Disk", "FAILED")
    attempt = pipeline.attempts("Disk")[0].fields
    assert attempt["errorId"] == "CommandFailed"
    assert "exit code 3" in attempt["errorMessage"]
    assert "no space left" in attempt["errorMessage"]


def test_activities_run_in_the_order_of_their_dependencies(deployment: Deployment, tmp_path: Path) -> None:
    order = tmp_path / "order"
    pipeline = Pipeline.activated(
        deployment,
        {
            "Third": shell(f"echo third >> {order}", dependsOn=Ref("Second")),
            "First": shell(f"sleep 0.5; echo first >> {order}"),
            "Second": shell(f"echo second >> {order}", dependsOn=Ref("First")),
        },
    )
    pipeline.ended("Third", "FINISHED")
    assert order.read_text().split() == ["first", "second", "third"]


def test_a_task_costs_few_transitions(deployment: Deployment) -> None:
    names = [f"Cheap{number}" for number in range(4)]
    pipeline = Pipeline.activated(deployment, {name: shell("true") for name in names})
    for name in names:
        pipeline.ended(name, "FINISHED")

    for name in names:
        (execution,) = executions(deployment, RUN_TASK, of=name)
        states = states_entered(deployment, execution)
        assert states == ["ReportProgress", "Route", "ShellCommandActivity", "Outcome", "SetTaskStatus"]

    per_task = [
        part
        for loop in executions(deployment, POLL_LOOP)
        for part in _up_to_each(states_entered(deployment, loop), "StartTask")
    ]
    assert len(per_task) >= len(names)
    assert all(len(part) <= 4 for part in per_task), per_task


@pytest.mark.parametrize("on_aws", [False, True])
def test_one_command_tells_a_tasks_story(deployment: Deployment, on_aws: bool) -> None:
    """From local AWS by its port, and as from AWS: with the SDK's own configuration, and a region."""
    name = "FromAws" if on_aws else "FromLocalAws"
    pipeline = Pipeline.activated(deployment, {name: shell("echo told; echo moreover >&2")})
    attempt = eventually(lambda: next(iter(pipeline.attempts(name)), None), "it was not begun")
    where = ["--region", REGION] if on_aws else ["--port", deployment.endpoint_url.rpartition(":")[2]]
    environment = for_local_aws(deployment.endpoint_url, os.environ) if on_aws else None
    command = Command("logs", attempt.id, "--follow", *where, environment=environment)
    assert command.finish() == 0, command.err
    pipeline.ended(name, "FINISHED")
    assert f"attempt    {attempt.id}" in command.out
    assert f"pipeline   {pipeline.id}" in command.out
    (execution,) = executions(deployment, RUN_TASK, of=name)
    assert f"execution  {execution.rpartition(':')[2]}" in command.out
    lines = sorted(line for line in command.out if line[:1].isdigit())
    told = "\n".join(lines)
    story = [
        r"poller default +Task received",
        r"RunTask +-> ReportProgress",
        r"RunTask +-> ShellCommandActivity",
        r"ShellCommandActivity +Task started",
        r"ShellCommandActivity +stdout \| told",
        r"ShellCommandActivity +Task handled  outcome=FINISHED",
        r"RunTask +SUCCEEDED",
        r"RunTask +Task ended .*outcome=FINISHED",
    ]
    assert re.search(".*".join(story), told, re.DOTALL), told
    assert "stderr | moreover" in told
    assert len(lines) == len(set(lines))


def test_the_alarms_are_there(deployment: Deployment) -> None:
    alarms = deployment.cloudwatch.describe_alarms(AlarmNamePrefix=f"{STACK}-")["MetricAlarms"]
    assert {f"{STACK}-NoPoll-default", f"{STACK}-TasksFailed"} <= {alarm["AlarmName"] for alarm in alarms}
    for alarm in alarms:
        assert alarm["AlarmActions"]
        assert alarm["AlarmDescription"]


def test_a_failed_task_raises_the_alarm(deployment: Deployment) -> None:
    Pipeline.activated(deployment, {"Alarming": shell("exit 1")}).ended("Alarming", "FAILED")
    name = f"{STACK}-TasksFailed"

    def raised() -> bool | None:
        alarms = deployment.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return any(alarm["StateValue"] == "ALARM" for alarm in alarms) or None

    eventually(raised, f"{name} was not raised")


def _up_to_each(names: list[str], last: str) -> list[list[str]]:
    """``names`` split into parts that each end with ``last``. What follows the last one is left out."""
    parts: list[list[str]] = [[]]
    for name in names:
        parts[-1].append(name)
        if name == last:
            parts.append([])
    return parts[:-1]


def test_a_loop_knows_how_many_events_its_history_has(deployment: Deployment) -> None:
    pipeline = Pipeline.activated(deployment, {f"Counted{number}": shell("true") for number in range(3)})
    for number in range(3):
        pipeline.ended(f"Counted{number}", "FINISHED")
    counted = 0
    for arn in executions(deployment, POLL_LOOP):
        history = _history(deployment, arn)
        for place, event in enumerate(history):
            if event["type"] == "ChoiceStateExited":
                said = json.loads(event["stateExitedEventDetails"]["output"])
                following = {"START": 5, "WAIT": 2}.get(said["next"], 0)
                # AWS writes TaskStarted after each of them; local AWS does not.
                started = sum(event["type"] == "TaskScheduled" for event in history[:place])
                assert said["loop"]["events"] == place + 1 + started + following
                counted += 1
    assert counted >= 3


def _history(deployment: Deployment, arn: str) -> list[Any]:
    pages = deployment.stepfunctions.get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


def _ended(deployment: Deployment) -> list[tuple[str, str]]:
    """Components and outcomes of the tasks whose end was logged."""
    events = deployment.logs.filter_log_events(
        logGroupName=f"/aws/lambda/{STACK}-execution-ended", filterPattern='"Task ended"'
    )["events"]
    lines = [json.loads(event["message"]) for event in events]
    return [(line["attemptId"].lstrip("@").partition("_")[0], line["outcome"]) for line in lines]


def _messages(lines: list[str]) -> list[str]:
    """The messages of structured log lines. Other lines are left out."""
    records = [json.loads(line) for line in lines if line.startswith("{")]
    return [record["message"] for record in records if isinstance(record.get("message"), str)]
