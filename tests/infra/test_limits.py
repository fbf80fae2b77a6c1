"""Synth refuses what AWS would refuse at deployment, in one line that says what to do."""

from __future__ import annotations

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from infra import limits
from infra.configuration_error import ConfigurationError
from infra.handlers import existing_function, exists, shell_command
from infra.limits import LONGEST_STACK_NAME, refuse_stack_name, refuse_too_many_resources
from infra.naming import group_name
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup
from local.launch import ROOT
from tests.infra.conftest import synthesize
from tests.infra.rules.deployed import Deployed

GROUPS = [WorkerGroup(f"warehouse-nightly-load-{number:02}", idle_alarm_hours=24) for number in range(30)]
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:f"

# AWS's limit of each name that the stack gives (API references, Create…).
LONGEST_NAMES = {
    "Lambda::Function": ("FunctionName", 64),
    "Scheduler::Schedule": ("Name", 64),
    "StepFunctions::StateMachine": ("StateMachineName", 80),
    "SQS::Queue": ("QueueName", 80),
    "Logs::LogGroup": ("LogGroupName", 512),
    "CloudWatch::Alarm": ("AlarmName", 255),
    "CloudWatch::Dashboard": ("DashboardName", 255),
}


@pytest.fixture(scope="module")
def thirty() -> Template:
    """Thirty worker groups with names of 25 characters, and two handlers."""
    assert {len(group.name) for group in GROUPS} == {25}
    return synthesize(GROUPS, {"ShellCommandActivity": shell_command(), "Exists": exists()}, dashboard=True)


@pytest.fixture(scope="module")
def deployed(thirty: Template) -> Deployed:
    return Deployed(thirty)


def test_thirty_groups_fit_into_a_stack(thirty: Template) -> None:
    assert len(thirty.to_json()["Resources"]) <= 500
    assert len(thirty.to_json()["Outputs"]) <= 200


def test_event_patterns_keep_to_2048_characters(deployed: Deployed) -> None:
    rules = deployed.of_type("Events::Rule")
    assert len(rules) == 3
    for rule in rules.values():
        assert len(json.dumps(rule["EventPattern"])) <= 2048


def test_a_failed_loop_of_any_group_matches_and_nothing_else_does(deployed: Deployed) -> None:
    (rule,) = [
        rule
        for name, rule in deployed.of_type("Events::Rule").items()
        if name.startswith("EventsPollLoopFailed")
    ]
    (matched,) = rule["EventPattern"]["detail"]["stateMachineArn"]
    machines = [
        f"arn:aws:states:us-east-1:111122223333:stateMachine:{machine['StateMachineName']}"
        for machine in deployed.of_type("StepFunctions::StateMachine").values()
    ]
    assert sum(arn.startswith(matched["prefix"]) for arn in machines) == 30
    assert len(machines) == 31


def test_names_keep_to_their_limits(deployed: Deployed) -> None:
    for kind, (field, longest) in LONGEST_NAMES.items():
        names = [resource[field] for resource in deployed.of_type(kind).values()]
        assert names, kind
        assert max(map(len, names)) <= longest, kind


def test_environments_keep_to_4_kb(deployed: Deployed) -> None:
    for function in deployed.of_type("Lambda::Function").values():
        assert len(json.dumps(function["Environment"]["Variables"])) <= 4096


def in_stack(stack_name: str, groups: list[WorkerGroup]) -> Deployed:
    stack = TaskRunnerStack(
        cdk.App(),
        stack_name,
        worker_groups=groups,
        handlers={"It": existing_function(FUNCTION)},
        dashboard=True,
    )
    return Deployed(Template.from_stack(stack))


def test_names_keep_to_their_limits_in_a_stack_with_a_long_name() -> None:
    groups = [WorkerGroup("g" * 60), WorkerGroup("g" * 60 + "h"), WorkerGroup("etl")]
    test_names_keep_to_their_limits(in_stack("S" * LONGEST_STACK_NAME, groups))


@pytest.mark.parametrize("stack_name", ["TaskRunner", "S" * 30, "S" * LONGEST_STACK_NAME])
def test_a_group_has_one_name_in_function_schedule_and_state_machine(stack_name: str) -> None:
    """The runbook's GROUP."""
    group = WorkerGroup("a group / with a long name that has to be cut somewhere")
    name = group_name(stack_name, group.name)
    deployed = in_stack(stack_name, [group])
    names = {
        resource[field]
        for kind, (field, _) in LONGEST_NAMES.items()
        for resource in deployed.of_type(kind).values()
    }
    assert {
        f"{stack_name}-{name}",
        f"{stack_name}-poll-{name}",
        f"{stack_name}-PollLoop-{name}",
    } <= names


def test_a_stack_name_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=f"{LONGEST_STACK_NAME} are possible"):
        refuse_stack_name("S" * (LONGEST_STACK_NAME + 1))


def one_line(refused: pytest.ExceptionInfo[ConfigurationError]) -> str:
    text = str(refused.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("total", "of_groups", "said"),
    [
        (761, [12] * 60, "38 of its 60 worker groups fit"),
        (500, [12] * 3, "2 of its 3 worker groups fit"),
        (600, [12], "its handlers take too many"),
    ],
)
def test_too_many_resources_are_refused_with_how_many_groups_fit_and_what_to_do(
    total: int, of_groups: list[int], said: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        refuse_too_many_resources("TaskRunner", total, of_groups)
    assert said in one_line(refused)
    assert "Make several TaskRunnerStacks in app.py" in one_line(refused)
    anchor = "several-worker-groups-accounts-and-regions"
    assert f"docs/capacity-and-quotas.md#{anchor}" in one_line(refused)
    page = (ROOT / "docs" / "capacity-and-quotas.md").read_text()
    headings = [line for line in page.splitlines() if line[:1] == "#"]
    assert anchor in [
        re.sub(r"[^a-z -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    ]


def test_as_many_resources_as_cloudformation_allows_are_taken() -> None:
    refuse_too_many_resources("TaskRunner", 499, [12])


def test_all_resources_of_the_stack_are_counted(monkeypatch: pytest.MonkeyPatch, template: Template) -> None:
    count = len(template.to_json()["Resources"])
    monkeypatch.setattr(limits, "RESOURCES", count + 1)  # And one that the CDK CLI adds.
    synthesize()
    monkeypatch.setattr(limits, "RESOURCES", count)
    with pytest.raises(ConfigurationError, match=f"TaskRunner would have {count} resources"):
        synthesize()
    monkeypatch.setattr(limits, "RESOURCES", count + 1 + 13)
    idle = WorkerGroup("reports", idle_alarm_hours=24)
    synthesize([WorkerGroup("etl"), idle])
    with pytest.raises(ConfigurationError, match="2 of its 3 worker groups fit"):
        synthesize([WorkerGroup("etl"), idle, WorkerGroup("third")])


def test_no_functions_environment_grows_with_the_number_of_handlers() -> None:
    handlers = [(f"{number:03}-" + "x" * 76, existing_function(FUNCTION)) for number in range(100)]
    deployed = Deployed(synthesize(handlers=handlers))
    test_environments_keep_to_4_kb(deployed)
    machines = deployed.of_type("StepFunctions::StateMachine").values()
    # A definition has at most 1 MB (Step Functions quotas).
    assert max(len(machine["DefinitionString"]) for machine in machines) < 1_000_000


def test_a_worker_group_that_does_not_fit_into_its_pollers_environment_is_refused() -> None:
    synthesize([WorkerGroup("é" * 1_024)])
    with pytest.raises(ConfigurationError, match="worker group's name shorter"):
        synthesize([WorkerGroup("𝒳" * 1_024)])


@pytest.mark.parametrize("make", [shell_command, exists])
def test_variables_that_do_not_fit_are_refused_with_the_largest(make: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"TaskRunner-It would have .*most of it is BIG"):
        synthesize(handlers={"It": make(environment={"BIG": "x" * 4_000, "SMALL": "y"})})


@pytest.mark.parametrize("region", limits.REGIONS)
def test_a_region_with_data_pipeline_is_taken(region: str) -> None:
    limits.refuse_region(region)


def test_a_region_without_data_pipeline_is_refused() -> None:
    with pytest.raises(ConfigurationError) as refused:
        synthesize(env=cdk.Environment(account="111122223333", region="eu-central-1"))
    assert "does not exist in eu-central-1" in one_line(refused)
    assert "eu-west-1" in one_line(refused)


def test_where_the_region_is_known_at_deployment_only_cloudformation_asks(template: Template) -> None:
    (assertion,) = template.to_json()["Rules"]["DataPipelineRegion"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Contains": [list(limits.REGIONS), {"Ref": "AWS::Region"}]}
    assert "eu-west-1" in assertion["AssertDescription"]
