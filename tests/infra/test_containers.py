"""Handlers in containers: settings that AWS would refuse, and what the template has for the others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from container.ended import CANCELED, FOLLOWED
from infra.configuration_error import ConfigurationError
from infra.handlers import (
    Container,
    Handler,
    PythonHandler,
    copy,
    existing_function,
    shell_command,
    shell_command_precondition,
    sql,
)
from tests.infra.conftest import a_vpc, synthesize
from tests.infra.state_machines import definitions
from tests.infra.test_state_machines import evaluate

PUBLIC = {"public_subnet_ids": ["subnet-0123456789abcdef1"]}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"cpu": 1000}, "cpu of the container of the handler for 'nightly' is '1000': Fargate has 256, 512"),
        ({"cpu": "1024"}, "a whole number is needed"),
        ({"memory_mb": 1024}, "with cpu=1024, Fargate has 2,048 to 8,192 MiB in steps of 1,024"),
        ({"cpu": 8192, "memory_mb": 17 * 1024}, "16,384 to 61,440 MiB in steps of 4,096"),
        ({"ephemeral_gb": 10}, "20 to 200 GiB are possible"),
        ({"ephemeral_gb": 201}, "20 to 200 GiB are possible"),
        ({"vpc": "vpc-1"}, "a construct is needed, such as ec2.Vpc.from_lookup"),
        ({"image": "python:3.13"}, "ecs.ContainerImage.from_registry"),
        ({"packages": "postgresql15"}, "a list of names is needed"),
        ({"spot": "yes"}, "True or False is needed"),
        ({"vpc": a_vpc(**PUBLIC)}, "in public subnets without a public address"),
        (
            {"vpc": a_vpc(**PUBLIC), "subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)},
            "reaches nothing, not even its image: give Container assign_public_ip=True",
        ),
        ({"assign_public_ip": True}, "the VPC has none of that kind"),
        (
            {
                "vpc": a_vpc(**PUBLIC, private_subnet_ids=["subnet-0123456789abcdef0"]),
                "assign_public_ip": True,
                "subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            },
            "a public address reaches nothing",
        ),
    ],
)
def test_a_setting_that_fargate_would_refuse_is_told_at_synth(settings: dict[str, Any], says: str) -> None:
    container = Container(**{"vpc": a_vpc(), **settings})
    with pytest.raises(ConfigurationError) as refused:
        synthesize(handlers={"nightly": shell_command(compute=container)})
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"memory_mb": 1024}, "memory_mb of a function: give it to Container"),
        ({"timeout_minutes": 5}, "attemptTimeout"),
        ({"ephemeral_mb": 1024}, "ephemeral_gb"),
        ({"vpc": a_vpc()}, "vpc of a function"),
        ({"compute": "fargate"}, "Container(vpc=...) is needed"),
    ],
)
def test_settings_of_a_function_are_refused_beside_a_container(settings: dict[str, Any], says: str) -> None:
    given = {"compute": Container(vpc=a_vpc()), **settings}
    for make in (shell_command, shell_command_precondition, sql, copy):
        with pytest.raises(ConfigurationError) as refused:
            synthesize(handlers={"nightly": make(**given)})
        assert says in str(refused.value)


def test_another_aws_cli_is_refused_with_what_to_do(template: Template) -> None:
    import aws_cdk as cdk

    layer = lambda_.LayerVersion.from_layer_version_arn(
        cdk.Stack(cdk.App(), "S"), "L", "arn:aws:lambda:us-east-1:111122223333:layer:cli:1"
    )
    with pytest.raises(ConfigurationError, match="awscli-2"):
        synthesize(handlers={"nightly": shell_command(compute=Container(vpc=a_vpc()), aws_cli=layer)})


def test_a_route_cannot_have_the_name_of_a_containers_state() -> None:
    arn = "arn:aws:lambda:us-east-1:111122223333:function:f"
    handlers: dict[str, Handler] = {
        "nightly": shell_command(compute=Container(vpc=a_vpc())),
        "nightly-PutEvent": existing_function(arn),
    }
    with pytest.raises(ConfigurationError, match="RunTask has a state of that name for 'nightly'"):
        synthesize(handlers=handlers)


@pytest.fixture(scope="module")
def boxed() -> Template:
    """A handler in a container with the defaults, one with every setting, and one in a function."""
    everything = Container(
        vpc=a_vpc(**PUBLIC),
        cpu=4096,
        memory_mb=30 * 1024,
        ephemeral_gb=200,
        image=ecs.ContainerImage.from_registry("example.com/host:1"),
        packages=["tar"],
        cpu_architecture=ecs.CpuArchitecture.X86_64,
        spot=True,
        assign_public_ip=True,
    )
    return synthesize(
        handlers={
            "plain": shell_command(compute=Container(vpc=a_vpc())),
            "whole": PythonHandler(module="exists", environment={"TARGET": "x"}, compute=everything),
            "function": shell_command(),
        }
    )


def task_definition(template: Template, route: str) -> dict[str, Any]:
    found = template.find_resources("AWS::ECS::TaskDefinition").values()
    (one,) = [task["Properties"] for task in found if task["Properties"]["Family"] == f"TaskRunner-{route}"]
    return one  # type: ignore[no-any-return]


def run_task(template: Template) -> dict[str, Any]:
    states: dict[str, Any] = definitions(template)["TaskRunner-RunTask"]["States"]
    return states


def test_a_task_definition_has_what_fargate_needs(boxed: Template) -> None:
    plain, whole = task_definition(boxed, "plain"), task_definition(boxed, "whole")
    assert (plain["Cpu"], plain["Memory"], plain["RuntimePlatform"]["CpuArchitecture"]) == (
        "1024",
        "2048",
        "ARM64",
    )
    assert "EphemeralStorage" not in plain
    assert (whole["Cpu"], whole["Memory"], whole["RuntimePlatform"]["CpuArchitecture"]) == (
        "4096",
        "30720",
        "X86_64",
    )
    assert whole["EphemeralStorage"] == {"SizeInGiB": 200}
    for definition, image in ((plain, "public.ecr.aws/lambda/python:3.13"), (whole, "example.com/host:1")):
        (container,) = definition["ContainerDefinitions"]
        assert container["Image"] == image
        assert container["EntryPoint"][:2] == ["python3", "-c"]
        assert container["StopTimeout"] == 120
        # An init process would show the container's first variables (security.md).
        assert container["LinuxParameters"] == {"Capabilities": {"Drop": ["NET_RAW"]}}
    variables = {pair["Name"]: pair["Value"] for pair in whole["ContainerDefinitions"][0]["Environment"]}
    assert (variables["TARGET"], json.loads(variables["TASK_PACKAGES"])) == ("x", ["tar"])


def test_a_container_is_started_with_the_place_of_its_objects_alone(boxed: Template) -> None:
    for route, launch in (("plain", "LaunchType"), ("whole", "CapacityProviderStrategy")):
        arguments = run_task(boxed)[route]["Branches"][0]["States"][f"{route}-RunContainer"]["Arguments"]
        # The parameters that Step Functions documents for ecs:runTask.
        assert set(arguments) == {
            "Cluster", "TaskDefinition", "Group", launch, "NetworkConfiguration", "Overrides",
        }  # fmt: skip
        (override,) = arguments["Overrides"]["ContainerOverrides"]
        (variable,) = override["Environment"]
        assert set(override) == {"Name", "Environment"}
        assert evaluate(variable["Value"]).endswith("/containers/Load-x/")
        assert evaluate(arguments["Group"]) == "Load-x"


def test_a_week_of_reports_fits_into_an_executions_history(boxed: Template) -> None:
    """And no report comes later than the service model's five minutes."""
    branch = run_task(boxed)["plain"]["Branches"][1]
    report = branch["States"]["plain-ReportProgress"]
    again = evaluate(report["Output"], result={"Canceled": False})
    assert 60 < again["waitSeconds"] <= 240
    assert run_task(boxed)["plain"]["Arguments"]["waitSeconds"] <= 60
    of_a_wait, of_a_report, of_a_choice = (
        2,
        5,
        2,
    )  # Events: entered and exited; scheduled, started, succeeded.
    events = 7 * 24 * 3600 / again["waitSeconds"] * (of_a_wait + of_a_report + of_a_choice)
    assert events < 25_000 - 1_000
    transitions = 3600 / again["waitSeconds"] * 3
    assert transitions * 0.000025 < 0.02, "dollars an hour"


def test_both_branches_end_the_parallel_state(boxed: Template) -> None:
    state = run_task(boxed)["plain"]
    for branch in state["Branches"]:
        ends = [s for s in branch["States"].values() if s["Type"] in ("Fail", "Succeed") or s.get("End")]
        assert [end["Type"] for end in ends] == ["Fail"]
    assert {rule["Next"] for rule in state["Catch"]} == {"plain-ContainerEnded"}


def resumed(template: Template, state: dict[str, Any], *, canceled: bool) -> tuple[str, dict[str, Any]]:
    """The choice of Route for a task that was deferred with ``state``, and its output if it has one."""
    entered = {
        "input": {"canceled": canceled, "resume": {"state": state, "deferrals": 1}},
        "context": {"Execution": {"Input": {"taskId": "t1", "route": "plain", "type": "plain"}, "Name": "x"}},
    }
    taken = next(
        choice
        for choice in run_task(template)["Route"]["Choices"]
        if evaluate(choice["Condition"], **entered)
    )
    return taken["Next"], evaluate(taken["Output"], **entered) if "Output" in taken else {}


def test_a_canceled_task_that_waits_for_capacity_starts_no_container(boxed: Template) -> None:
    assert resumed(boxed, {"starts": 1}, canceled=True)[0] == "Canceled"
    assert resumed(boxed, {"starts": 1}, canceled=False)[0] == "plain-PutEvent"


def test_a_container_that_runtask_has_lost_sight_of_is_looked_at_and_not_started_again(
    boxed: Template,
) -> None:
    state = {"starts": 1, "looks": 2, "running": True}
    for canceled, error in ((False, FOLLOWED), (True, CANCELED)):
        following, entered = resumed(boxed, state, canceled=canceled)
        assert (following, entered["error"]) == ("plain-ContainerEnded", error)
        payload = run_task(boxed)["plain-ContainerEnded"]["Arguments"]["Payload"]
        given = {name: evaluate(payload[name], input=entered) for name in ("error", "starts", "looks")}
        assert given == {"error": error, "starts": 1, "looks": 2}


def test_a_stack_without_containers_has_nothing_of_them(template: Template) -> None:
    resources = template.to_json()["Resources"]
    assert not [name for name, found in resources.items() if found["Type"].startswith("AWS::ECS")]
    assert not [name for name in resources if "Container" in name]
