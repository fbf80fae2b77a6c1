"""`python -m local` says what is wrong with an argument."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from bench import __main__ as bench
from local.cli import main
from local.dashboard import command as dashboard
from local.launch import ROOT
from local.simulation import estimate


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["up", "--port", "abc"], "argument --port: 'abc' is not a whole number"),
        (["up", "--port", "99999"], "argument --port: 99999 is not in 0 to 65,535"),
        (["up", "--time-scale", "fast"], "argument --time-scale: 'fast' is not a number"),
        (["up", "--time-scale", "0"], "a number above 0"),
        (["up", "--time-scale", "nan"], "a number above 0"),
        (["up", "--context", "workerGroup"], "'workerGroup' is not KEY=VALUE"),
    ],
)
def test_up(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["--port", "--minutes", "--period"])
@pytest.mark.parametrize("value", ["abc", "0", "-1", "1.5"])
def test_dashboard(name: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        dashboard.main(["--output", "x.svg", name, value])
    assert f"argument {name}: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--megabytes", "abc"], "argument --megabytes: 'abc' is not a whole number"),
        (["--rounds", "0"], "argument --rounds: 0 is not in 1 to 1,000"),
        (["nothing"], "there is no figure 'nothing'; there are: local Data Pipeline, handlers"),
    ],
)
def test_bench(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench.main(arguments)
    assert said in capsys.readouterr().err


def test_bench_help_says_what_can_be_measured_and_starts_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bench", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    for name, (module, what) in bench.MEASURED.items():
        assert f"  {name} " in done.stdout
        assert what in done.stdout
        assert callable(importlib.import_module(f"bench.{module}").measure)
    assert "aws_cdk" not in done.stderr


@pytest.mark.parametrize("command", ["deploy", "logs", "dashboard"])
def test_a_port_of_a_running_local_aws(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    needed = {"logs": ["@A"], "dashboard": ["--output", "x.svg"]}.get(command, [])
    with pytest.raises(SystemExit, match="2"):
        main([command, *needed, "--port", "abc"])
    assert "argument --port: 'abc' is not a whole number" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["abc", "-1"])
def test_estimate(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        estimate.main(["--tasks-per-day", value])
    assert "argument --tasks-per-day: " in capsys.readouterr().err
