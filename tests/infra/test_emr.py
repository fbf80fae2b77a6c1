"""The handlers of EMR: where steps run, what they may do on AWS, and what follows a crash."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Aws

from infra.configuration_error import ConfigurationError
from infra.handler import Handler
from infra.handlers import Container, EmrClusterSettings, emr, emr_serverless, exists
from tests.infra.conftest import a_vpc, synthesize
from tests.infra.policies import actions, conditions, resources, statements
from tests.infra.state_machines import definitions
from tests.infra.test_state_machines import evaluate

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
    found = rights(emr(transient=settings))
    linked = "elasticmapreduce.amazonaws.com*/AWSServiceRoleForEMRCleanup*"
    assert found == {
        ("iam:PassRole", f"{role}/Emr"): "iam:PassedToService=elasticmapreduce.amazonaws.com*",
        ("iam:PassRole", f"{role}/Ec2"): "iam:PassedToService=ec2.amazonaws.com*",
        ("iam:CreateServiceLinkedRole", f"{role}/aws-service-role/{linked}"): (
            "iam:AWSServiceName=elasticmapreduce.amazonaws.com*"
        ),
        (on_emr("ListClusters"), "*"): "",
        (on_emr("RunJobFlow"), "*"): f"elasticmapreduce:RequestTag/{own}",
        (on_emr("AddTags"), f"{ARN}*"): f"elasticmapreduce:RequestTag/{own}",
        (on_emr("PutAutoTerminationPolicy"), f"{ARN}*"): "",
        (on_emr(f"{TO_RUN} TerminateJobFlows"), f"{ARN}*"): f"elasticmapreduce:ResourceTag/{own}",
    }
    shared = rights(emr(transient=settings, idle_minutes=5))
    assert shared[on_emr(OF_STEPS), f"{ARN}*"] == f"elasticmapreduce:ResourceTag/{own}"
    assert "TerminateJobFlows" not in str(shared)


def test_what_is_passed_on_is_a_role_and_no_instance_profile() -> None:
    in_account = "arn:aws:iam::111122223333"
    profile = f"{in_account}:instance-profile/emr/nodes"

    def passed(**more: Any) -> list[str]:
        settings = EmrClusterSettings(release_label="emr-7.5.0", job_flow_role=profile, **more)
        assert where(emr(transient=settings))["transient"]["JobFlowRole"] == profile
        return [role for role, to in settings.passed_roles() if to == "ec2"]

    assert passed() == [f"{in_account}:role/nodes"]
    assert passed(job_flow_role_arn=f"{in_account}:role/emr/x") == [f"{in_account}:role/emr/x"]
    named_later = f"{Aws.STACK_NAME}-nodes"
    with pytest.raises(ConfigurationError, match="job_flow_role_arn"):
        emr(transient=EmrClusterSettings(release_label="emr-7.5.0", job_flow_role=named_later))


def test_a_handler_of_an_application_may_use_its_own_and_pass_one_role() -> None:
    handler = emr_serverless(application_id="00f1a2b3c4d5e6f7", execution_role_arn=ROLE)
    application = "arn:<AWS::Partition>:emr-serverless:*:<AWS::AccountId>:/applications/00f1a2b3c4d5e6f7"
    assert rights(handler) == {
        ("emr-serverless:ListJobRuns emr-serverless:StartJobRun", application): "",
        ("emr-serverless:CancelJobRun emr-serverless:GetJobRun", f"{application}/jobruns/*"): "",
        ("iam:PassRole", ROLE): "iam:PassedToService=emr-serverless.amazonaws.com",
    }


def test_a_handler_with_a_place_for_scripts_may_write_there_and_nothing_else() -> None:
    place = "s3://jobs/scripts"
    handler = emr_serverless(application_id="00abc", execution_role_arn=ROLE, scripts=place)
    on_s3 = {key: found for key, found in rights(handler).items() if "s3:" in key[0]}
    assert on_s3 == {("s3:PutObject", "arn:<AWS::Partition>:s3:::jobs/scripts/*"): ""}
    assert where(handler)["scripts"] == "s3://jobs/scripts/"
    with pytest.raises(ConfigurationError, match="s3://bucket"):
        emr_serverless(application_id="00abc", execution_role_arn=ROLE, scripts="jobs/scripts")


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
        service_access_security_group="sg-1",
        additional_slave_security_groups=["sg-2", "sg-3"],
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
    assert request["Instances"]["ServiceAccessSecurityGroup"] == "sg-1"
    assert request["Instances"]["AdditionalSlaveSecurityGroups"] == ["sg-2", "sg-3"]
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
        ({"transient": EmrClusterSettings(release_label="emr-5.23.0")}, "clusters from 5.30.0"),
        ({"transient": EmrClusterSettings(release_label="emr-6.0.1")}, "clusters from 5.30.0"),
        (
            {
                "transient": EmrClusterSettings(
                    release_label="emr-7.5.0",
                    additional_master_security_groups="sg-1",
                )
            },
            "a list is needed",
        ),
        ({"transient": EmrClusterSettings(release_label="emr-7.5.0", market="spot")}, "'SPOT' is needed"),
        ({"transient": EmrClusterSettings(release_label="emr-7.5.0", core_instance_count=-1)}, "0 to 2,000"),
        (
            {"transient": EmrClusterSettings(release_label="emr-7.5.0", bootstrap_actions=["s3://b/x"])},
            "a script in S3",
        ),
        ({"transient": EmrClusterSettings(release_label="emr-7.5.0"), "idle_minutes": 0}, "1 to 10,080"),
        ({"cluster_name": "etl", "log_uri": "logs"}, "s3://bucket"),
        ({"cluster_name": "etl", "compute": Container(vpc=a_vpc())}, "leave compute out"),
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


def test_a_crash_of_these_handlers_is_a_deferral_until_there_are_too_many() -> None:
    states = _run_task(emr(cluster="j-1"))["States"]
    (too_large, caught) = [rule for rule in states[ROUTE]["Catch"] if rule["Next"] == "Outcome"]
    assert caught["ErrorEquals"] == ["States.ALL"]
    assert too_large["Output"] == caught["Output"]
    (deferral,) = [choice for choice in states["Outcome"]["Choices"] if choice["Next"] == "Wait"]
    given: Any = {"canceled": False}
    said: list[tuple[str, int]] = []
    while not said or said[-1][0] == "DEFERRED":
        outcome = evaluate(caught["Output"], input=given, errorOutput={"Error": "Runtime.ExitError"})
        said.append((outcome["status"], outcome["deferrals"]))
        if outcome["status"] == "DEFERRED":
            waiting = evaluate(deferral["Output"], input=outcome)
            assert waiting["waitSeconds"] == 60
            assert waiting["resume"]["state"] is None
            given = {"canceled": False, "resume": waiting["resume"]}
    assert said == [*(("DEFERRED", count) for count in range(5)), ("FAILED", 5)]


def test_after_a_crash_the_state_is_kept_and_a_canceled_task_is_stopped() -> None:
    states = _run_task(emr(cluster="j-1"))["States"]
    caught = states[ROUTE]["Catch"][-1]
    resume = {"state": {"step": "s-1"}, "deferrals": 7}
    outcome = evaluate(
        caught["Output"], input={"canceled": True, "resume": resume}, errorOutput={"Error": "E"}
    )
    assert (outcome["status"], outcome["state"], outcome["crashes"]) == ("DEFERRED", {"step": "s-1"}, 1)
    outcome = evaluate(
        caught["Output"],
        input={"canceled": True, "resume": {**resume, "crashes": 5}},
        errorOutput={"Error": "E"},
    )
    assert outcome == {"status": "CANCELED", "deferrals": 7, "crashed": True}


def test_an_invocation_that_returns_forgets_the_crashes_before_it() -> None:
    states = _run_task(emr(cluster="j-1"))["States"]
    (deferral,) = [choice for choice in states["Outcome"]["Choices"] if choice["Next"] == "Wait"]
    resume = {"state": None, "deferrals": 3, "crashes": 4}
    outcome = evaluate(
        states[ROUTE]["Output"],
        input={"canceled": False, "resume": resume},
        result={"Payload": {"status": "DEFERRED", "state": {"step": "s-1"}}},
    )
    assert evaluate(deferral["Output"], input=outcome)["resume"] == {"state": {"step": "s-1"}, "deferrals": 4}


def test_a_crash_of_other_handlers_ends_their_task() -> None:
    caught = _run_task(exists())["States"][ROUTE]["Catch"][-1]
    outcome = evaluate(caught["Output"], input={"canceled": False}, errorOutput={"Error": "E"})
    assert outcome["status"] == "FAILED"


def test_the_dashboard_shows_these_types() -> None:
    template = synthesize(
        handlers={"PigActivity": emr(cluster="j-1"), "Own": emr(cluster_name="etl")}, dashboard=True
    )
    shown = json.dumps(template.find_resources("AWS::CloudWatch::Dashboard"))
    assert "PigActivity" in shown
    assert "Own" in shown


def _run_task(handler: Handler) -> dict[str, Any]:
    return definitions(synthesize(handlers={ROUTE: handler}))["TaskRunner-RunTask"]
