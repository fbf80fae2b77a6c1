"""The handlers of EMR: where steps run, what they may do on AWS, and what follows a crash."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.configuration_error import ConfigurationError
from infra.handler import Handler
from infra.handlers import EmrClusterSettings, emr, emr_serverless, exists
from tests.infra.conftest import synthesize
from tests.infra.policies import actions, conditions, resources, statements
from tests.infra.state_machines import definitions

ROUTE = "EmrActivity"
ARN = "arn:<AWS::Partition>:elasticmapreduce:*:<AWS::AccountId>:cluster/"
OF_STEPS = "AddJobFlowSteps CancelSteps DescribeCluster DescribeStep ListSteps"
TO_RUN = "AddJobFlowSteps DescribeCluster DescribeStep ListSteps"
ROLE = "arn:aws:iam::111122223333:role/emr-jobs"


def rights(handler: Handler) -> dict[tuple[str, str], str]:
    """(actions, resource) of what the handler may do on EMR, and the condition."""
    template = synthesize(handlers={ROUTE: handler})
    return {
        (" ".join(sorted(actions([statement]))), resource): conditions(statement)
        for statement in statements(template, f"Handler{ROUTE}")
        for resource in resources(statement)
        if not {"datapipeline", "logs"} & {action.partition(":")[0] for action in actions([statement])}
        and "<Claims" not in resource
    }


def on_emr(operations: str) -> str:
    return " ".join(f"elasticmapreduce:{operation}" for operation in operations.split())


def test_a_handler_of_a_cluster_may_use_its_steps_alone() -> None:
    assert rights(emr(cluster="j-2AXXXXXXGAPLF")) == {(on_emr(OF_STEPS), f"{ARN}j-2AXXXXXXGAPLF"): ""}


def test_a_handler_of_a_name_finds_the_cluster_and_reads_its_logs() -> None:
    logs = "arn:<AWS::Partition>:s3:::emr-logs"
    assert rights(emr(cluster_name="etl", log_uri="s3://emr-logs/steps/")) == {
        (on_emr("ListClusters"), "*"): "",
        (on_emr(OF_STEPS), f"{ARN}*"): "",
        ("s3:GetObject", f"{logs}/steps/*"): "",
        ("s3:ListBucket", logs): "s3:prefix=steps/*",
    }


def test_a_handler_that_starts_clusters_may_use_no_others() -> None:
    settings = EmrClusterSettings(release_label="emr-7.5.0", service_role="Emr", job_flow_role="Ec2")
    own = "data-pipeline-task-runner=<AWS::StackName>"
    role = "arn:<AWS::Partition>:iam::<AWS::AccountId>:role"
    to = "iam:PassedToService=['elasticmapreduce.amazonaws.com*', 'ec2.amazonaws.com*']"
    found = rights(emr(transient=settings))
    passed = {key: found.pop(key) for key in list(found) if key[0] == "iam:PassRole"}
    assert found == {
        (on_emr("ListClusters"), "*"): "",
        (on_emr("RunJobFlow"), "*"): f"elasticmapreduce:RequestTag/{own}",
        (on_emr("AddTags"), f"{ARN}*"): f"elasticmapreduce:RequestTag/{own}",
        (on_emr("PutAutoTerminationPolicy"), f"{ARN}*"): "",
        (on_emr(f"{TO_RUN} TerminateJobFlows"), f"{ARN}*"): f"elasticmapreduce:ResourceTag/{own}",
    }
    shared = rights(emr(transient=settings, idle_minutes=5))
    assert shared[on_emr(OF_STEPS), f"{ARN}*"] == f"elasticmapreduce:ResourceTag/{own}"
    assert "TerminateJobFlows" not in str(shared)
    assert {resource for _, resource in passed} == {f"{role}/Emr", f"{role}/Ec2"}
    assert all("elasticmapreduce.amazonaws.com" in condition for condition in passed.values()), to


def test_a_handler_of_an_application_may_use_its_own_and_pass_one_role() -> None:
    handler = emr_serverless(application_id="00f1a2b3c4d5e6f7", execution_role_arn=ROLE)
    application = "arn:<AWS::Partition>:emr-serverless:*:<AWS::AccountId>:/applications/00f1a2b3c4d5e6f7"
    assert rights(handler) == {
        ("emr-serverless:StartJobRun", application): "",
        ("emr-serverless:CancelJobRun emr-serverless:GetJobRun", f"{application}/jobruns/*"): "",
        ("iam:PassRole", ROLE): "iam:PassedToService=emr-serverless.amazonaws.com",
    }


def where(handler: Any) -> Any:
    return json.loads(handler.environment["EMR_WHERE"])


def test_the_request_that_starts_a_cluster_has_the_settings() -> None:
    settings = EmrClusterSettings(
        release_label="emr-7.5.0",
        applications=["Hive", "Pig"],
        core_instance_count=3,
        task_instance_count=2,
        market="SPOT",
        bootstrap_actions=[("s3://b/install.sh", "x, y")],
        ec2_subnet_id="subnet-1",
        log_uri="s3://logs/",
        tags={"team": "etl"},
    )
    request = where(emr(transient=settings, idle_minutes=30))["transient"]
    assert request["AutoTerminationPolicy"] == {"IdleTimeout": 1800}
    assert request["Applications"] == [{"Name": "Hive"}, {"Name": "Pig"}]
    groups = request["Instances"]["InstanceGroups"]
    assert [(group["InstanceRole"], group["InstanceCount"], group["Market"]) for group in groups] == [
        ("MASTER", 1, "ON_DEMAND"),
        ("CORE", 3, "SPOT"),
        ("TASK", 2, "SPOT"),
    ]
    assert request["Instances"]["KeepJobFlowAliveWhenNoSteps"] is True
    assert request["BootstrapActions"][0]["ScriptBootstrapAction"] == {
        "Path": "s3://b/install.sh",
        "Args": ["x, y"],
    }
    assert {"Key": "team", "Value": "etl"} in request["Tags"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "none is given"),
        ({"cluster": "j-1", "cluster_name": "etl"}, "2 are given"),
        ({"cluster": "etl"}, "the id of a cluster"),
        ({"cluster_name": ""}, "a name is needed"),
        ({"cluster_name": "etl", "idle_minutes": 5}, "of transient clusters"),
        ({"transient": "emr-7.5.0"}, "EmrClusterSettings"),
        ({"transient": EmrClusterSettings(release_label="7.5.0")}, "a release such as"),
        ({"transient": EmrClusterSettings(release_label="emr-7.5.0", market="spot")}, "'SPOT' is needed"),
        ({"transient": EmrClusterSettings(release_label="emr-7.5.0", core_instance_count=-1)}, "0 to 2,000"),
        (
            {"transient": EmrClusterSettings(release_label="emr-7.5.0", bootstrap_actions=["s3://b/x"])},
            "a script in S3",
        ),
        ({"transient": EmrClusterSettings(release_label="emr-7.5.0"), "idle_minutes": 0}, "1 to 10,080"),
        ({"cluster_name": "etl", "log_uri": "logs"}, "s3://bucket"),
    ],
)
def test_an_impossible_place_is_refused(arguments: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        emr(**arguments)


@pytest.mark.parametrize("wrong", [{"application_id": "My App"}, {"execution_role_arn": "emr-jobs"}])
def test_an_impossible_application_is_refused(wrong: dict[str, str]) -> None:
    arguments: Any = {"application_id": "00abc", "execution_role_arn": ROLE} | wrong
    with pytest.raises(ConfigurationError, match="is needed"):
        emr_serverless(**arguments)


def test_a_crash_of_these_handlers_alone_is_followed_by_another_invocation() -> None:
    template = synthesize(handlers={ROUTE: emr(cluster="j-1"), "Exists": exists()})
    assert _retried_after_crash(template, ROUTE) == 3
    assert _retried_after_crash(template, "Exists") == 0


def _retried_after_crash(template: Template, route: str) -> int:
    retriers = definitions(template)["TaskRunner-RunTask"]["States"][route]["Retry"]
    return sum(retrier["MaxAttempts"] for retrier in retriers if retrier["ErrorEquals"] == ["States.ALL"])
