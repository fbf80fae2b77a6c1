"""`python -m local` says what is wrong with an argument."""

from __future__ import annotations

import pytest

from local.cli import main
from local.dashboard import command as dashboard
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


@pytest.mark.parametrize("value", ["abc", "-1"])
def test_estimate(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        estimate.main(["--tasks-per-day", value])
    assert "argument --tasks-per-day: " in capsys.readouterr().err
