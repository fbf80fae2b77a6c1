"""Synthesizes the app as a library. The system tests use the CDK CLI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk.assertions import Template

from infra.handlers import shell_command
from infra.registration import Handlers
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup

Synth = Callable[..., Template]


def a_vpc(**subnets: Any) -> ec2.IVpc:
    """A VPC that exists; with a private subnet unless other subnets are given."""
    given = subnets or {"private_subnet_ids": ["subnet-0123456789abcdef0"]}
    return ec2.Vpc.from_vpc_attributes(
        cdk.Stack(cdk.App(), "Network"),
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["us-east-1a"],
        **given,
    )


def synthesize(
    worker_groups: list[WorkerGroup] | None = None,
    handlers: Handlers | None = None,
    **settings: Any,
) -> Template:
    stack = TaskRunnerStack(
        cdk.App(),
        "TaskRunner",
        worker_groups=worker_groups or [WorkerGroup("etl")],
        handlers={"ShellCommandActivity": shell_command()} if handlers is None else handlers,
        **settings,
    )
    return Template.from_stack(stack)


@pytest.fixture(scope="session")
def template() -> Template:
    """The stack with one worker group and the shell handler."""
    return synthesize()
