"""`cdk synth` on a machine that has never heard of AWS."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.commands import ROOT
from tests.system.deployments import STACK, environment_without_aws

SYNTH_SECONDS = 120


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that its owner alone can enter: jsii keeps no cache where others may write."""
    return tmp_path_factory.mktemp("synth")


TWO_HANDLERS = """
import sys

import aws_cdk as cdk

from infra.handlers import exists, shell_command
from infra.stack import TaskRunnerStack
from infra.worker_group import ConfigurationError, WorkerGroup

app = cdk.App()
handlers = {
    "ShellCommandActivity": shell_command(),
    "Exists": exists(),
    "ShellCommandActivity": shell_command(memory_mb=1024),
}
try:
    TaskRunnerStack(app, "TaskRunner", worker_groups=[WorkerGroup("etl")], handlers=handlers)
except ConfigurationError as error:
    sys.exit(f"app.py: {error}")
app.synth()
"""


def synth(directory: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    home = directory / "home"
    home.mkdir()
    return subprocess.run(
        [
            ROOT / "node_modules" / ".bin" / "cdk",
            "synth",
            "--quiet",
            "--output",
            directory / "out",
            *arguments,
        ],
        cwd=ROOT,
        env=environment_without_aws(home) | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SYNTH_SECONDS,
        check=False,
    )


def test_synth_needs_no_aws_settings(tmp_path: Path) -> None:
    done = synth(tmp_path)
    assert done.returncode == 0, done.stderr
    template = json.loads((tmp_path / "out" / f"{STACK}.template.json").read_text())
    machines = [r for r in template["Resources"].values() if r["Type"] == "AWS::StepFunctions::StateMachine"]
    assert len(machines) == 2


def test_polling_too_often_with_short_polls_is_refused_with_both_ways_out(tmp_path: Path) -> None:
    done = synth(tmp_path, "--context", "schedule=rate(1 minute)", "--context", "pollTimeout=10")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "5 minutes" in said
    assert "95 s" in said
    assert "Traceback" not in said


def test_two_handlers_for_one_type_are_refused_with_their_lines(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(TWO_HANDLERS)
    done = synth(tmp_path, "--app", f"{sys.executable} {app}")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert f"'ShellCommandActivity' has two handlers, in {app}, lines 12 and 14" in said
    assert "Traceback" not in said
