"""`cdk synth` on a machine that has never heard of AWS."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from local.launch import ROOT
from tests.system.deployments import STACK, environment_without_aws

SYNTH_SECONDS = 120


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that only its owner can enter: jsii keeps no cache where others may write."""
    return tmp_path_factory.mktemp("synth")


TWO_HANDLERS = """
import sys

import aws_cdk as cdk

from infra.handlers import exists, shell_command
from infra.stack import TaskRunnerStack
from infra.configuration_error import ConfigurationError
from infra.worker_group import WorkerGroup

app = cdk.App()
handlers = [
    ("ShellCommandActivity", shell_command()),
    ("Exists", exists()),
    ("ShellCommandActivity", shell_command(memory_mb=1024)),
]
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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("maxConcurrentTasks=0", "max_concurrent_tasks is 0"),
        pytest.param("failedTasksAlarm=0", "failed_tasks_alarm is 0", marks=pytest.mark.long),
        pytest.param("workerGroup= ", "not blank", marks=pytest.mark.long),
        pytest.param("alarmEmail=you.example.com", "such as you@example.com", marks=pytest.mark.long),
        pytest.param("workergroup=etl", "Did you mean workerGroup?", marks=pytest.mark.long),
        pytest.param("pollTimeout=abc", "pollTimeout is 'abc'", marks=pytest.mark.long),
        pytest.param("schedule=rate(5 minute)", "write 'rate(5 minutes)'", marks=pytest.mark.long),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(tmp_path: Path, given: str, said: str) -> None:
    """With app.py itself, as the CDK CLI runs it: running the CLI for each would take minutes."""
    key, _, value = given.partition("=")
    context = json.loads((ROOT / "cdk.json").read_text())["context"] | {key: value}
    environment = environment_without_aws(tmp_path) | {"CDK_CONTEXT_JSON": json.dumps(context)}
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment | {"CDK_OUTDIR": str(tmp_path / "out"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=SYNTH_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("app.py: ")]
    assert said in line
    assert "Traceback" not in done.stderr


def test_two_handlers_for_one_type_are_refused(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(TWO_HANDLERS)
    done = synth(tmp_path, "--app", f"{sys.executable} {app}")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "app.py: 'ShellCommandActivity' has two handlers: remove one of them." in said
    assert "Traceback" not in said
