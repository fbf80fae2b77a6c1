"""`cdk synth` on a machine that has never heard of AWS."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.local.commands import ROOT
from tests.system.deployments import STACK, environment_without_aws

SYNTH_SECONDS = 120


def synth(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
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
        env=environment_without_aws(home),
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
