"""Runs the Python of a page. A part of an app.py gets the names that the app has; its handlers, a stack."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path
from typing import Any
from unittest import mock

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

import infra.handlers
import infra.stack
import infra.worker_group
import runner
from infra.handlers import exists, shell_command
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup
from tests.docs.blocks import Block
from tests.infra.conftest import a_vpc


def surroundings() -> dict[str, Any]:
    """What an app.py has imported and made before the part that a page shows, and what handlers import."""
    app = cdk.App()
    places = cdk.Stack(app, "Places")
    return {
        "cdk": cdk,
        "Construct": Construct,
        "app": app,
        "keys": places,
        "vpc": a_vpc(),
        "repository": ecr.Repository.from_repository_name(places, "Repository", "tools"),
        "handlers": [("ShellCommandActivity", shell_command())],
        "warehouse": ["orders", "stock"],
        "reports": ["daily"],
        "shell_command": shell_command,
        "exists": exists,
        "TaskRunnerStack": TaskRunnerStack,
        "WorkerGroup": WorkerGroup,
        # Of a handler.
        "task_handler": runner.task_handler,
        "Task": runner.Task,
        "Outcome": runner.Outcome,
        "Deferred": runner.Deferred,
        "start": lambda _: [],
    }


def undefined_names(block: Block) -> str:
    """What ruff says of names that neither the block nor its surroundings have; nothing if all is well."""
    known = ", ".join(f'"{name}"' for name in surroundings())
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("ruff"), "check", "--isolated", "--quiet", "--no-cache"),
            *(
                "--output-format",
                "concise",
                "--select",
                "F",
                "--ignore",
                "F841",
                "--config",
                f"builtins = [{known}]",
            ),
            *("--stdin-filename", f"{block.page}.py", "-"),
        ],
        input=block.text,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def run(block: Block, directory: Path) -> None:
    """Run it, with an empty directory for what it names, and synthesize its stack. Raises what it raises."""
    (directory / "aws-cli-2").mkdir()
    # jsii's process stays in the directory in which it was started.
    text = block.text.replace('"aws-cli-2")', f'"{directory}/aws-cli-2")')
    names = surroundings()
    own = types.ModuleType("datapipeline_runner")
    for module in (infra.worker_group, infra.handlers, infra.stack, runner):
        vars(own).update({name: value for name, value in vars(module).items() if name[0] != "_"})
    with mock.patch.dict(sys.modules, {"datapipeline_runner": own}):
        exec(compile(text, block.name, "exec"), names)  # noqa: S102 - our own page
        if "handlers = [" in block.text and "TaskRunnerStack(" not in block.text:
            TaskRunnerStack(
                names["app"], "TaskRunner", worker_groups=[WorkerGroup("etl")], handlers=names["handlers"]
            )
        for made in [value for value in names.values() if isinstance(value, type)]:
            if issubclass(made, cdk.Stack) and made not in (cdk.Stack, TaskRunnerStack):
                made(cdk.App())
        names["app"].synth()
