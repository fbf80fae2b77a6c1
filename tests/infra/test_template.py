"""What the template promises to those who deploy it."""

from __future__ import annotations

import json

import pytest
from aws_cdk.assertions import Match, Template

from infra.worker_group import ConfigurationError, WorkerGroup
from tests.infra.conftest import synthesize
from tests.infra.policies import actions, statements
from tests.infra.state_machines import definitions


def test_functions_are_arm64_python_with_logs_that_expire(template: Template) -> None:
    template.all_resources_properties(
        "AWS::Lambda::Function",
        {"Runtime": "python3.13", "Architectures": ["arm64"], "LoggingConfig": {"LogFormat": "JSON"}},
    )
    template.all_resources_properties("AWS::Logs::LogGroup", {"RetentionInDays": 30})


def test_the_poller_has_time_for_its_poll(template: Template) -> None:
    template.has_resource_properties(
        "AWS::Lambda::Function",
        {
            "FunctionName": "TaskRunner-poll-etl",
            "Handler": "poll_for_task.handler",
            "Timeout": 40,
            "Environment": {
                "Variables": Match.object_like(
                    {
                        "WORKER_GROUP": "etl",
                        "POLL_TIMEOUT_SECONDS": "10",
                        "PERIOD_SECONDS": "300",
                    }
                )
            },
        },
    )


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
    }
    poll = next(one for one in found if one["Action"] == "datapipeline:PollForTask")
    assert poll["Condition"] == {"StringEquals": {"datapipeline:workerGroup": "etl"}}


def test_the_poller_counts_running_tasks_only_where_they_are_limited() -> None:
    limited = synthesize([WorkerGroup("etl", max_concurrent_tasks=4)])
    assert "states:ListExecutions" in actions(statements(limited, "PollLoopetlFunction"))


def test_the_loop_invokes_its_poller_and_starts_run_task_alone(template: Template) -> None:
    loop = statements(template, "PollLoopetlStateMachine")
    assert {"lambda:InvokeFunction", "states:StartExecution"} <= actions(loop)
    assert not {one for one in actions(loop) if one.startswith("datapipeline:")}


def test_no_policy_allows_all_actions_of_a_service(template: Template) -> None:
    assert '"*:*"' not in json.dumps(template.to_json())
    for policy in template.find_resources("AWS::IAM::Policy").values():
        for one in policy["Properties"]["PolicyDocument"]["Statement"]:
            assert not any(action.endswith(":*") or action == "*" for action in actions([one]))


def test_each_worker_group_has_a_loop_and_all_share_run_task() -> None:
    template = synthesize([WorkerGroup("etl"), WorkerGroup("reports / daily", max_concurrent_tasks=2)])
    assert len(definitions(template)) == 3
    template.resource_count_is("AWS::Scheduler::Schedule", 2)


def test_a_worker_group_is_given_once() -> None:
    with pytest.raises(ConfigurationError, match="more than once"):
        synthesize([WorkerGroup("etl"), WorkerGroup("etl")])
