"""app.py, with its handlers in containers."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

from infra.context import Context
from infra.handlers import Container, exists, shell_command, shell_command_precondition
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup


def main() -> None:
    """Synthesize the stack, which is named like app.py's."""
    app = cdk.App()
    context = Context(app.node.get_all_context())
    vpc = ec2.Vpc.from_vpc_attributes(
        cdk.Stack(cdk.App(), "NotDeployed"),
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-0123456789abcdef0"],
    )
    container = Container(vpc=vpc)
    TaskRunnerStack(
        app,
        "TaskRunner",
        worker_groups=[
            WorkerGroup(
                "default",
                schedule=context.text("schedule"),
                poll_timeout=context.whole("pollTimeout", 10),
            )
        ],
        handlers=[
            ("ShellCommandActivity", shell_command(compute=container)),
            ("ShellCommandPrecondition", shell_command_precondition(compute=container)),
            ("Exists", exists()),
            ("boxed", shell_command(compute=container)),
            ("small", shell_command(compute=Container(vpc=vpc, cpu=256, memory_mb=512))),
            ("spot", shell_command(compute=Container(vpc=vpc, spot=True))),
            ("packages", shell_command(compute=Container(vpc=vpc, packages=["postgresql15"]))),
        ],
        time_scale=context.number("timeScale", 1),
    )
    app.synth()


main()
