"""app.py, with its handlers in containers, others like them, and SqlActivity and CopyActivity."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

from infra.context import Context
from infra.handlers import Container, copy, exists, shell_command, shell_command_precondition, sql
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
                max_concurrent_tasks=10,
            )
        ],
        handlers=[
            ("ShellCommandActivity", shell_command(compute=container)),
            ("ShellCommandPrecondition", shell_command_precondition(compute=container)),
            ("Exists", exists()),
            ("SqlActivity", sql(compute=container)),
            ("CopyActivity", copy(compute=container)),
            ("in-a-function", shell_command()),
            ("small", shell_command(compute=Container(vpc=vpc, cpu=256, memory_mb=512))),
            (
                "other",
                shell_command(compute=Container(vpc=vpc, spot=True, packages=["postgresql15"])),
            ),
        ],
        time_scale=context.number("timeScale", 1),
    )
    app.synth()


main()
