"""The app, synthesized as a library; the CDK CLI's side is for the system tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

# jsii complains on standard error of Node releases past their end of life; the CDK CLI says it once itself.
# This variable lists the major versions to be silent about.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", ",".join(map(str, range(20, 31))))
os.environ.setdefault("JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION", "1")

import aws_cdk as cdk
from aws_cdk.assertions import Template

from infra.handlers import shell_command
from infra.registration import Handlers
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup

Synth = Callable[..., Template]


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
