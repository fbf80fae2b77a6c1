"""The app of docs/examples on local AWS, deployed as its reader would: copied over the repository."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.launch import ROOT
from tests.local.commands import running
from tests.system.deployments import TIME_SCALE, Deployment, eventually
from tests.system.ledger import keep_roles
from tests.system.pipelines import Pipeline, shell

ROLE = "nightly"

_CONTAINER = """\
vpc = ec2.Vpc.from_vpc_attributes(
    cdk.Stack(cdk.App(), "NotDeployed"),
    "Vpc",
    vpc_id="vpc-0123456789abcdef0",
    availability_zones=["us-east-1a"],
    private_subnet_ids=["subnet-0123456789abcdef0"],
)
container = Container(vpc=vpc)

"""


@dataclass(frozen=True)
class Examples:
    """The deployed examples."""

    deployment: Deployment
    endpoint_url: str

    def run(self, name: str, route: str, command: str, **fields: str) -> Pipeline:
        """Activate a pipeline with one activity."""
        return Pipeline.activated(self.deployment, {name: shell(command, myHandler=route, **fields)})

    def new_state_machine(self, name: str, *states: Any) -> str:
        """Create a state machine that goes through these states. Returns its ARN."""
        names = [f"State{number}" for number in range(len(states))]
        ends = [{"Next": following} for following in names[1:]] + [{"End": True}]
        definition = {
            "StartAt": names[0],
            "States": {
                own: {**state, **({} if state["Type"] == "Fail" else end)}
                for own, state, end in zip(names, states, ends, strict=True)
            },
        }
        created = self.deployment.stepfunctions.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=self._role()
        )
        return created["stateMachineArn"]

    def _role(self) -> str:
        """The ARN of the state machines' role, which has no permissions."""
        iam = self.deployment.iam
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "states.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)
        return iam.get_role(RoleName=ROLE)["Role"]["Arn"]

    def execution_of(self, state_machine: str) -> Any:
        """Its only execution, once there is one."""
        client = self.deployment.stepfunctions

        def started() -> Any:
            listed = client.list_executions(stateMachineArn=state_machine)["executions"]
            return listed[0] if listed else None

        arn = eventually(started, f"no execution of {state_machine}")["executionArn"]
        return client.describe_execution(executionArn=arn)


def copy_project(directory: Path) -> None:
    """Copy this repository, with the examples in it."""
    leave_out = shutil.ignore_patterns("__pycache__")
    for name in ("infra", "lambdas", "tests/unit"):
        shutil.copytree(ROOT / name, directory / name, ignore=leave_out)
    for name in ("cdk.json", "pyproject.toml"):
        shutil.copy(ROOT / name, directory)
    (ROOT / ".build").mkdir(exist_ok=True)
    (directory / ".build").symlink_to(ROOT / ".build")
    shutil.copytree(ROOT / "docs" / "examples", directory, dirs_exist_ok=True, ignore=leave_out)


def run_in_containers(project: Path) -> None:
    """Edit a copy's app.py, as its reader would."""
    app = project / "app.py"
    text = app.read_text()
    for old, new in (
        ("from infra.handlers import (\n", "from infra.handlers import (\n    Container,\n"),
        (
            "from aws_cdk import aws_iam as iam\n",
            "from aws_cdk import aws_ec2 as ec2\nfrom aws_cdk import aws_iam as iam\n",
        ),
        ("documents = cdk.Stack", f"{_CONTAINER}documents = cdk.Stack"),
        ("copy(secrets", "copy(compute=container, secrets"),
        ("sql(secrets", "sql(compute=container, secrets"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    app.write_text(text)


@contextlib.contextmanager
def deployed_examples(project: Path, home: Path, *arguments: str) -> Iterator[Examples]:
    """Deploy the examples to a local AWS that ends with the block."""
    arguments = ("--port", "0", "--time-scale", str(TIME_SCALE), *arguments)
    with running("up", *arguments, directory=project) as command:
        endpoint_url = command.ready()
        deployment = Deployment(endpoint_url, home, command.process.pid)
        keep_roles(deployment)
        yield Examples(deployment, endpoint_url)
