"""What the template promises to whoever deploys it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aws_cdk.assertions import Match, Template

from infra.configuration_error import ConfigurationError
from infra.handlers import exists, shell_command
from infra.worker_group import WorkerGroup
from tests.infra.conftest import synthesize
from tests.infra.policies import actions, resources, statements, text
from tests.infra.state_machines import definitions


def test_functions_are_arm64_python_with_logs_that_expire(template: Template) -> None:
    template.all_resources_properties(
        "AWS::Lambda::Function",
        {"Runtime": "python3.13", "Architectures": ["arm64"], "LoggingConfig": {"LogFormat": "JSON"}},
    )
    template.all_resources_properties("AWS::Logs::LogGroup", {"RetentionInDays": 30})


def test_the_poller_has_time_for_the_polls_of_a_slot(template: Template) -> None:
    template.has_resource_properties(
        "AWS::Lambda::Function",
        {
            "FunctionName": "TaskRunner-poll-etl",
            "Handler": "poll_for_task.handler",
            "Timeout": 450,
            "Environment": {
                "Variables": Match.object_like(
                    {
                        "WORKER_GROUP": "etl",
                        "POLL_TIMEOUT_SECONDS": "10",
                        "PERIOD_SECONDS": "300",
                        "LINGER_SECONDS": "600",
                    }
                )
            },
        },
    )


@pytest.mark.parametrize(
    ("group", "seconds"),
    [
        (WorkerGroup("etl", linger_minutes=0), 40),
        (WorkerGroup("etl", poll_timeout=95), 450),
        (WorkerGroup("etl", schedule="rate(1 hour)"), 900),
    ],
)
def test_the_poller_lives_as_long_as_its_polls_follow_one_another(group: WorkerGroup, seconds: int) -> None:
    found = synthesize([group], {"ShellCommandActivity": shell_command()})
    found.has_resource_properties(
        "AWS::Lambda::Function", {"Handler": "poll_for_task.handler", "Timeout": seconds, "MemorySize": 128}
    )


@pytest.mark.parametrize("group", [WorkerGroup("etl", linger_minutes=0), WorkerGroup("etl", poll_timeout=95)])
def test_a_poller_whose_group_does_not_wake_may_not_list_executions(group: WorkerGroup) -> None:
    found = synthesize([group], {"ShellCommandActivity": shell_command()})
    assert "states:ListExecutions" not in json.dumps(found.find_resources("AWS::IAM::Policy"))
    assert "LINGER_SECONDS" not in json.dumps(found.find_resources("AWS::Lambda::Function"))


def test_a_schedule_starts_the_loop_and_does_not_pile_up(template: Template) -> None:
    template.has_resource_properties(
        "AWS::Scheduler::Schedule",
        {
            "ScheduleExpression": "rate(5 minutes)",
            "State": "ENABLED",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60}},
        },
    )


def policies_of(template: Template, role: str) -> set[str]:
    policies = template.find_resources("AWS::IAM::Policy")
    return {name for name, policy in policies.items() if {"Ref": role} in policy["Properties"]["Roles"]}


def depends_on(resource: Mapping[str, Any]) -> set[str]:
    given = resource.get("DependsOn", [])
    return {given} if isinstance(given, str) else set(given)


@pytest.mark.parametrize(
    ("kind", "role_of"),
    [
        ("AWS::Scheduler::Schedule", lambda properties: properties["Target"]["RoleArn"]),
        ("AWS::StepFunctions::StateMachine", lambda properties: properties["RoleArn"]),
        ("AWS::Lambda::Function", lambda properties: properties["Role"]),
    ],
)
def test_what_works_at_once_waits_for_what_it_may_do(kind: str, role_of: Callable[[Any], Any]) -> None:
    """A reference to a role does not wait for its policy; a rate first fires when its schedule is created."""
    groups = [WorkerGroup("etl"), WorkerGroup("reports", max_concurrent_tasks=2)]
    template = synthesize(groups, {"ShellCommandActivity": shell_command(), "Exists": exists()})
    found = template.find_resources(kind)
    assert found
    for name, resource in found.items():
        role = role_of(resource["Properties"])["Fn::GetAtt"][0]
        policies = policies_of(template, role)
        assert policies, name
        assert policies <= depends_on(resource), name


def test_no_tick_comes_before_ends_are_counted(template: Template) -> None:
    (schedule,) = template.find_resources("AWS::Scheduler::Schedule").values()
    counted = {
        *template.find_resources("AWS::Events::Rule"),
        *template.find_resources("AWS::SQS::QueuePolicy"),
    }
    counted = {name for name in counted if name.startswith("Events")}
    assert len(counted) == 4
    assert counted <= depends_on(schedule)


def test_the_claims_bucket_is_private_encrypted_and_expiring(template: Template) -> None:
    template.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "BucketEncryption": Match.any_value(),
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "LifecycleConfiguration": {"Rules": [Match.object_like({"ExpirationInDays": 7})]},
        },
    )
    template.has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "PolicyDocument": Match.object_like(
                {
                    "Statement": Match.array_with(
                        [
                            Match.object_like(
                                {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
                            )
                        ]
                    )
                }
            )
        },
    )


def test_the_poller_may_poll_for_its_group_and_no_more(template: Template) -> None:
    found = statements(template, "PollLoopetlFunction")
    assert actions(found) == {
        "datapipeline:PollForTask",
        "datapipeline:ReportTaskRunnerHeartbeat",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:PutObject",
        "states:ListExecutions",
    }
    poll = next(statement for statement in found if statement["Action"] == "datapipeline:PollForTask")
    assert poll["Condition"] == {"StringEquals": {"datapipeline:workerGroup": "etl"}}


def test_the_poller_counts_running_tasks_only_where_they_are_limited() -> None:
    limited = synthesize([WorkerGroup("etl", max_concurrent_tasks=4, linger_minutes=0)])
    assert "states:ListExecutions" in actions(statements(limited, "PollLoopetlFunction"))


@pytest.mark.parametrize(
    ("group", "looks"),
    [
        (WorkerGroup("etl"), True),
        (WorkerGroup("etl", max_concurrent_tasks=2), True),
        (WorkerGroup("etl", max_concurrent_tasks=2, poll_timeout=95), True),
        (WorkerGroup("etl", poll_timeout=95), False),
        (WorkerGroup("etl", linger_minutes=0), False),
        (WorkerGroup("etl", linger_minutes=0, max_concurrent_tasks=2), False),
    ],
)
def test_a_poller_looks_for_earlier_loops_only_where_that_matters(group: WorkerGroup, looks: bool) -> None:
    found = synthesize([group], {"ShellCommandActivity": shell_command()})
    variables = [
        function["Properties"].get("Environment", {}).get("Variables", {})
        for function in found.find_resources("AWS::Lambda::Function").values()
    ]
    arns = [text(each["POLL_LOOP_ARN"]) for each in variables if "POLL_LOOP_ARN" in each]
    poll_loop = (
        "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:TaskRunner-PollLoop-etl"
    )
    assert arns == ([poll_loop] if looks else [])
    listed = [
        resource
        for statement in statements(found, "PollLoopetlFunction")
        if "states:ListExecutions" in actions([statement])
        for resource in resources(statement)
    ]
    assert (poll_loop in listed) is looks


def test_the_loop_invokes_its_poller_and_starts_run_task_alone(template: Template) -> None:
    loop = statements(template, "PollLoopetlStateMachine")
    assert {"lambda:InvokeFunction", "states:StartExecution"} <= actions(loop)
    assert not {action for action in actions(loop) if action.startswith("datapipeline:")}


def test_no_policy_allows_all_actions_of_a_service(template: Template) -> None:
    assert '"*:*"' not in json.dumps(template.to_json())
    for policy in template.find_resources("AWS::IAM::Policy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            assert not any(action.endswith(":*") or action == "*" for action in actions([statement]))


def test_each_worker_group_has_a_loop_and_all_share_run_task() -> None:
    template = synthesize([WorkerGroup("etl"), WorkerGroup("reports / daily", max_concurrent_tasks=2)])
    assert len(definitions(template)) == 3
    template.resource_count_is("AWS::Scheduler::Schedule", 2)


def test_a_worker_group_is_given_once() -> None:
    with pytest.raises(ConfigurationError, match="more than once"):
        synthesize([WorkerGroup("etl"), WorkerGroup("etl")])
