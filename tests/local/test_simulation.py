"""The simulation and the estimate, compared with what can be said beforehand."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET

import pytest

from emr.progress import Progress
from local.cli import main
from local.simulation.arrivals import PATTERNS
from local.simulation.bill import Line, bill, host_bill, total
from local.simulation.chart import draw
from local.simulation.prices import Prices
from local.simulation.run import Scenario, simulate, waits
from local.simulation.sweep import Point, point, table
from local.simulation.usage import Usage

DAY = 1.0
TICKS_A_DAY = 288
START = datetime(2026, 1, 1, tzinfo=UTC)


def of(lines: Sequence[Line], what: str, unit: str) -> Line:
    (line,) = (line for line in lines if line.what == what and unit in line.price.unit)
    return line


def test_an_idle_day_has_three_transitions_and_one_whole_poll_a_tick() -> None:
    usage = simulate(Scenario(tasks_per_day=0, days=DAY))
    assert usage.ticks == TICKS_A_DAY
    assert usage.poll_loop_transitions == 3 * TICKS_A_DAY
    assert usage.run_task_transitions == 0
    assert usage.poller_seconds == pytest.approx(10 * TICKS_A_DAY)


@pytest.mark.parametrize("dead_poll", ["swallows", "noticed"])
@pytest.mark.parametrize("pattern", list(PATTERNS))
def test_a_task_adds_eight_transitions_and_starts_within_a_period_and_a_minute(
    pattern: str, dead_poll: str
) -> None:
    usage = simulate(Scenario(tasks_per_day=100, pattern=pattern, days=DAY, dead_poll=dead_poll))
    assert usage.tasks > 0
    assert usage.not_ended == 0
    assert usage.run_task_transitions == 5 * usage.tasks
    assert usage.poll_loop_transitions == 3 * (usage.ticks + usage.tasks)
    # A batch is drained one poll after another, which takes seconds.
    assert usage.latency(1) < 300 + 60 + 60


def test_continuous_polling_starts_a_task_as_soon_as_it_is_ready() -> None:
    usage = simulate(Scenario(tasks_per_day=100, days=DAY, period=900, poll_timeout=95))
    assert usage.latency(0.95) < 1


def test_short_periods_with_short_polls_lose_tasks_to_dead_polls_as_the_stack_says() -> None:
    refused = Scenario(tasks_per_day=100, days=DAY, period=60)
    assert simulate(refused).latency(0.95) > 600
    noticed = Scenario(tasks_per_day=100, days=DAY, period=60, dead_poll="noticed")
    assert simulate(noticed).latency(0.95) < 150


def test_a_full_queue_is_drained_at_the_accounts_rate_without_throttled_polls() -> None:
    usage = simulate(Scenario(tasks_per_day=500, pattern="nightly", days=DAY))
    assert usage.throttled_polls <= 0.01 * usage.polls
    seconds = [second for second, starts in sorted(usage.starts_in_second.items()) for _ in range(starts)]
    after_burst = seconds[100:]
    assert (len(after_burst) - 1) / (after_burst[-1] - after_burst[0]) >= 0.95 * 2


def test_worker_groups_share_the_accounts_rate() -> None:
    usage = simulate(Scenario(tasks_per_day=1_000, pattern="nightly", days=DAY, worker_groups=4))
    assert usage.failed_loops == 0
    assert usage.not_ended == 0
    assert set(usage.starts_of_group.values()) == {250}


def test_no_more_tasks_run_at_once_than_the_limit_allows() -> None:
    usage = simulate(Scenario(tasks_per_day=50, pattern="nightly", days=DAY, max_concurrent_tasks=3))
    assert usage.peak_running == 3
    assert usage.tasks == 50


def test_deferred_tasks_are_looked_at_as_the_handlers_of_emr_do() -> None:
    progress = Progress()
    expected = [progress.deferred().wait_seconds for _ in range(40)]
    assert list(itertools.islice(waits(10_000), 40)) == expected
    looks = len(list(waits(3_600)))
    assert 30 <= looks <= 45
    at_once = simulate(Scenario(tasks_per_day=20, days=DAY, task_seconds=1))
    deferred = simulate(Scenario(tasks_per_day=20, days=DAY, task_seconds=1, deferred_seconds=3_600))
    assert deferred.tasks == at_once.tasks
    assert deferred.looks == deferred.tasks * looks
    assert deferred.run_task_transitions - at_once.run_task_transitions == 5 * deferred.looks


def test_the_same_scenario_gives_the_same_counts() -> None:
    scenario = Scenario(tasks_per_day=40, pattern="bursts", days=DAY)
    assert simulate(scenario) == simulate(scenario)


@pytest.mark.parametrize("pattern", list(PATTERNS))
def test_a_pattern_brings_its_tasks_within_the_time(pattern: str) -> None:
    batches = list(PATTERNS[pattern](START, 30, 100, Random(1)))  # noqa: S311 - to be repeated
    assert sum(batch.tasks for batch in batches) == pytest.approx(3_000, rel=0.15)
    assert all(0 <= (batch.at - START).total_seconds() <= 31 * 86_400 for batch in batches)
    assert not list(PATTERNS[pattern](START, 30, 0, Random(1)))  # noqa: S311


def test_a_bill_is_counts_times_prices() -> None:
    usage = Usage(
        ticks=8_640,
        poll_loop_transitions=25_920,
        run_task_transitions=5_000,
        polls=8_640,
        poller_seconds=86_400,
        tasks=1_000,
        handler_seconds=60_000,
    )
    lines = bill(usage, Prices.load(), memory_mb=1024, secret_share=0.1)
    assert of(lines, "PollLoop", "transition").usd == pytest.approx(0.648)
    assert of(lines, "Poller", "GB-second").usd == pytest.approx(86_400 * 0.25 * 0.0000133334)
    assert of(lines, "Handlers", "GB-second").quantity == 60_000
    assert of(lines, "Claims", "PUT").usd == pytest.approx(0.0005)
    assert total(lines) == pytest.approx(sum(line.usd for line in lines))


def test_what_is_free_each_month_counts_once() -> None:
    usage = Usage(poll_loop_transitions=3_000, run_task_transitions=3_000, tasks=600)
    lines = bill(usage, Prices.load())
    transitions = [line for line in lines if "transition" in line.price.unit]
    assert sum(line.usd_beyond_free for line in transitions) == pytest.approx(2_000 * 0.000025)


def test_an_idle_worker_group_costs_less_than_a_dollar_and_a_tenth_of_the_host() -> None:
    prices = Prices.load()
    without = bill(simulate(Scenario(tasks_per_day=0)), prices)
    running = [line for line in without if line.what not in ("Metrics", "Alarms", "Dashboard")]
    assert total(running) < 1
    assert total(without, free=True) < 1
    assert total(running) < total(host_bill(prices)) / 10


def test_every_price_has_a_page_of_aws() -> None:
    assert all(price.source.startswith("https://aws.amazon.com/") for price in Prices.load().of.values())


def test_a_price_file_that_is_not_in_form_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(json.dumps({"date": "2026-01-01", "region": "x", "prices": {"metric": {"usd": 1}}}))
    with pytest.raises(TypeError):
        Prices.load(file)


def test_the_picture_is_svg_with_the_default_marked_and_nothing_that_is_refused() -> None:
    prices = Prices.load()
    points = [
        point(Scenario(tasks_per_day=200, days=DAY, pattern=pattern, dead_poll=dead_poll), prices)
        for pattern in PATTERNS
        for dead_poll in ("swallows", "noticed")
    ]
    refused = Point("steady", 1, 10, "swallows", True, 777.0, 1.0, 1.0, 1.0)
    picture = draw([*points, refused], host_usd=10.29)
    ET.fromstring(picture)  # noqa: S314 - written here
    assert picture.count("default $") == len(PATTERNS)
    assert "777" not in picture
    assert "| 5 min (default) | 10 s |" in table(points)


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
    assert "240 tasks a day, hourly, in 2 worker groups: period 1 hour, poll timeout 95 s" in told
    assert "Claims" in told
    assert "At most" in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--tasks-per-day"),
        (["--tasks-per-day", "many"], "'many' is not a whole number"),
        (["--tasks-per-day", "-1"], "0 to 172,800"),
        (["--tasks-per-day", "200000"], "2 polls a second"),
        (["--tasks-per-day", "5", "--period", "soon"], "rate(1 minute)"),
        (["--tasks-per-day", "5", "--period", "1 minute"], "95 s"),
        (["--tasks-per-day", "5", "--poll-timeout", "1"], "2 to 120"),
        (["--tasks-per-day", "5", "--worker-groups", "0"], "1 to 1,000"),
        (["--tasks-per-day", "5", "--task-seconds", "901"], "longer work defers"),
        (["--tasks-per-day", "5", "--memory-mb", "64"], "128 to 10,240"),
        (["--tasks-per-day", "5", "--secret-tasks", "101"], "0 to 100"),
        (["--tasks-per-day", "5", "--arrivals", "daily"], "steady"),
    ],
)
def test_a_wrong_argument_is_told_with_what_is_allowed(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        estimate(*arguments)
    assert exit_.value.code == 2
    assert says in capsys.readouterr().err
