"""The shell handler in a container."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

from infra.context import Context
from infra.handlers import Container, shell_command
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup

app = cdk.App()
context = Context(app.node.get_all_context())
vpc = ec2.Vpc.from_vpc_attributes(
    cdk.Stack(cdk.App(), "NotDeployed"),
    "Vpc",
    vpc_id="vpc-0123456789abcdef0",
    availability_zones=["us-east-1a"],
    private_subnet_ids=["subnet-0123456789abcdef0"],
)
TaskRunnerStack(
    app,
    "TaskRunner",
    worker_groups=[
        WorkerGroup(
            "default", schedule=context.text("schedule"), poll_timeout=context.whole("pollTimeout", 10)
        )
    ],
    handlers=[("ShellCommandActivity", shell_command(compute=Container(vpc=vpc)))],
)
app.synth()
