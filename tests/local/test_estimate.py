"""`python -m local estimate`: its figures, and what it says to a wrong argument."""

from __future__ import annotations

import re

import pytest

from local.cli import main


def estimate(*arguments: str) -> int:
    return main(["estimate", *arguments])


def test_an_estimate_shows_the_arithmetic(capsys: pytest.CaptureFixture[str]) -> None:
    assert estimate("--tasks-per-day", "0") == 0
    told = capsys.readouterr().out
    assert "25,920" in told
    assert "0.000025" in told
    assert "0.65" in told
    assert "Java Task Runner" in told


def test_an_estimate_takes_everything_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    numbers = {
        "--tasks-per-day": "240",
        "--period": "1 hour",
        "--poll-timeout": "95",
        "--worker-groups": "2",
        "--max-concurrent-tasks": "20",
        "--task-seconds": "120",
        "--memory-mb": "1024",
        "--secret-tasks": "50",
        "--arrivals": "hourly",
        "--dead-poll": "noticed",
    }
    assert estimate(*(word for pair in numbers.items() for word in pair)) == 0
    told = capsys.readouterr().out
    assert (
        "240 tasks a day, hourly, in 2 worker groups: period 60 min, poll timeout 95 s, always awake;" in told
    )
    assert "Claims" in told
    assert "chains of 5 tasks, on the host" in told
    assert "At most" in told


def test_an_estimate_shows_single_tasks_beside_chains_and_the_host(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert estimate("--tasks-per-day", "10", "--arrivals", "nightly", "--task-seconds", "30") == 0
    *_, chains, single, host = capsys.readouterr().out.splitlines()
    assert chains.startswith("chains of 5 tasks ")
    assert "0.4 s, 0.4 s" in chains
    assert single.startswith("single tasks")
    assert " - " in single
    assert "10.29" in host
    assert "2.5 min, 2.5 min" in host
    assert estimate("--tasks-per-day", "10", "--pipelines", "single", "--linger-minutes", "0") == 0
    told = capsys.readouterr().out
    assert "never awake; " in told.replace("\n", " ")
    assert told.splitlines()[-3].startswith("single tasks")


@pytest.mark.parametrize(
    "period", ["1 hour", "rate(1 hour)", " rate(1  hour) ", "60 minutes", "rate(60 minutes)"]
)
def test_a_period_is_taken_as_app_py_or_the_console_has_it(
    period: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert estimate("--tasks-per-day", "0", "--period", period) == 0
    assert "period 60 min," in capsys.readouterr().out


@pytest.mark.long
def test_an_estimate_is_all_in_and_says_what_the_dashboard_adds(capsys: pytest.CaptureFixture[str]) -> None:
    assert estimate("--tasks-per-day", "100") == 0
    told = capsys.readouterr().out
    assert "The dashboard (context dashboard=true) would add $ 3.60" in told
    assert listed(told) <= 4.50
    (chains,) = [line for line in told.splitlines() if line.startswith("chains of 5 tasks  ")]
    assert f" {listed(told):.2f} " in chains
    assert estimate("--tasks-per-day", "100", "--dashboard") == 0
    shown = capsys.readouterr().out
    assert listed(shown) == pytest.approx(listed(told) + 3.60, abs=0.011)
    assert "would add" not in shown
    assert estimate("--tasks-per-day", "0", "--worker-groups", "10") == 0
    each = re.search(r"Each worker group costs \$ (\d+\.\d\d)", capsys.readouterr().out)
    assert each
    assert float(each[1]) <= 1.50


def listed(told: str) -> float:
    """The stack's sum at list price."""
    return float(next(line for line in told.splitlines() if line.startswith("total")).split()[1])


@pytest.mark.long
def test_an_estimate_says_how_many_tasks_a_poll_that_was_given_up_delays(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert estimate("--tasks-per-day", "100", "--pipelines", "single") == 0
    told = capsys.readouterr().out.replace("\n", " ")
    share = re.search(
        r"([\d,]+) of ([\d,]+) tasks, (\d+\.\d)%, were handed to a poll that had been given up", told
    )
    assert share
    delayed, tasks = (int(number.replace(",", "")) for number in share.groups()[:2])
    assert 0 < delayed < tasks / 4
    assert f"{delayed / tasks:.1%}" == f"{share[3]}%"
    assert "none while it was awake" in told
    assert estimate("--tasks-per-day", "100", "--poll-timeout", "95") == 0
    assert re.search(r"^0 of [\d,]+ tasks, 0\.0%", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize(
    ("options", "lines", "total"),
    [
        ("", ["3.24", "0.71", "0.50", "0.11"], "4.56"),
        (
            "--container-architecture x86_64 --container-cpu 4096 --container-memory-mb 16384 "
            "--container-ephemeral-gb 100",
            ["16.19", "7.11", "0.89", "0.50", "0.11"],
            "24.80",
        ),
    ],
)
def test_containers_cost_by_their_hours_size_and_architecture(
    options: str, lines: list[str], total: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert estimate("--tasks-per-day", "0", "--container-hours", "100", *options.split()) == 0
    _, _, told = capsys.readouterr().out.partition("Handlers in containers add")
    table = told.split("\n\n")[0].splitlines()[1:]
    assert [line.split()[-2] for line in table[:-1]] == lines
    assert table[-1].split() == ["total", total]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--tasks-per-day"),
        (["--tasks-per-day", "many"], "'many' is not a whole number"),
        (["--tasks-per-day", "-1"], "0 to 172,800"),
        (["--tasks-per-day", "200000"], "2 polls a second"),
        (["--tasks-per-day", "5", "--period", "soon"], "rate(1 minute)"),
        (["--tasks-per-day", "5", "--period", "1 minute"], "95 s"),
        (["--tasks-per-day", "5", "--period", "cron(0 1 * * ? *)"], "is not a rate"),
        (["--tasks-per-day", "5", "--period", "rate(5 minute)"], "write 'rate(5 minutes)'"),
        (["--tasks-per-day", "5", "--poll-timeout", "1"], "2 to 120"),
        (["--tasks-per-day", "5", "--worker-groups", "0"], "1 to 1,000"),
        (["--tasks-per-day", "5", "--task-seconds", "901"], "longer work defers"),
        (["--tasks-per-day", "5", "--memory-mb", "64"], "128 to 10,240"),
        (["--tasks-per-day", "5", "--secret-tasks", "101"], "0 to 100"),
        (["--tasks-per-day", "5", "--arrivals", "daily"], "steady"),
        (["--tasks-per-day", "5", "--linger-minutes", "1441"], "0 to 1,440"),
        (["--tasks-per-day", "5", "--pipelines", "trees"], "mixed"),
    ],
)
def test_a_wrong_argument_is_told_with_what_is_allowed(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        estimate(*arguments)
    assert exit_.value.code == 2
    assert says in capsys.readouterr().err
