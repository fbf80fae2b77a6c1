"""The simulation and the estimate, compared with what can be said beforehand."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET

import pytest

from emr.progress import Progress
from local.launch import ROOT
from local.simulation.__main__ import write
from local.simulation.arrivals import PATTERNS
from local.simulation.bill import Line, bill, host_bill, total
from local.simulation.chart import draw, scenarios
from local.simulation.listing import Listing
from local.simulation.prices import Prices
from local.simulation.run import simulate
from local.simulation.run_task import waits
from local.simulation.scenario import Scenario
from local.simulation.stack import stack_with
from local.simulation.sweep import LINGERS, SHAPES, Result, result, sweep, with_linger
from local.simulation.tables import smallest_linger, tables
from local.simulation.usage import Usage
from poller.loop import Activity

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
    # The lists of RunTask's and PollLoop's executions, the poll and the heartbeat.
    assert usage.poller_seconds == pytest.approx((2 * 0.05 + 10 + 0.05) * TICKS_A_DAY)


@pytest.mark.parametrize("dead_poll", ["swallows", "noticed"])
@pytest.mark.parametrize("pattern", list(PATTERNS))
def test_a_task_adds_eight_transitions_and_starts_within_a_period_and_a_minute(
    pattern: str, dead_poll: str
) -> None:
    usage = simulate(Scenario(tasks_per_day=100, pattern=pattern, days=DAY, dead_poll=dead_poll))
    assert usage.tasks > 0
    assert usage.not_ended == 0
    assert usage.run_task_transitions == 5 * usage.tasks
    # The run may end within an execution of an awake loop.
    assert usage.poll_loop_transitions == pytest.approx(3 * (usage.ticks + usage.tasks), abs=3)
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


@pytest.mark.parametrize("shape", [*SHAPES, "five", "single"])
def test_a_days_tasks_come_in_whole_pipelines(shape: str) -> None:
    usage = simulate(Scenario(tasks_per_day=48, pattern="hourly", shape=shape, days=3, host=True))
    activities = 3 * 48
    assert usage.not_ended == 0
    assert activities <= usage.tasks
    assert len(usage.durations) <= activities
    if shape in ("single", "five", "chain", "fan"):
        # The last pipeline may be more than was due.
        assert usage.tasks <= activities + 8


def test_the_host_and_the_stack_get_the_same_pipelines() -> None:
    mixed = Scenario(tasks_per_day=100, shape="mixed", pattern="bursts", days=3)
    stack, host = simulate(mixed), simulate(replace(mixed, host=True))
    assert stack.tasks == host.tasks
    assert stack.durations.keys() == host.durations.keys()
    # Nothing waits for a tick on the host, and its work is not looked at every 240 s.
    assert all(stack.durations[number] > host.durations[number] for number in host.durations)


def test_work_that_is_longer_than_an_invocation_is_deferred() -> None:
    one = Scenario(tasks_per_day=1, pattern="nightly", days=1)
    invoked, deferred = (simulate(replace(one, task_seconds=seconds)) for seconds in (900, 901))
    assert invoked.run_task_transitions == 5
    assert invoked.handler_seconds == 900
    # Looked at every 240 s.
    assert deferred.run_task_transitions == 5 + 4 * 5
    assert deferred.handler_seconds == 5


def test_a_list_of_executions_is_as_of_some_seconds_ago() -> None:
    def at(seconds: float) -> datetime:
        return START + timedelta(seconds=seconds)

    listing = Listing(lag=60)
    listing.started(at(0))
    assert listing.activity(at(59)) == Activity(running=False)
    assert listing.activity(at(60)) == Activity(running=True)
    listing.ended(at(70))
    assert listing.running(at(129)) == 1
    assert listing.activity(at(130)) == Activity(running=False, seconds_since_end=60)


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
    lines = bill(usage, Prices.load(), memory_mb=1024, secret_share=0.1, stack=stack_with(period_seconds=300))
    assert of(lines, "PollLoop", "transition").usd == pytest.approx(0.648)
    assert of(lines, "Poller", "GB-second").usd == pytest.approx(86_400 * 0.125 * 0.0000133334)
    assert of(lines, "Handlers", "GB-second").quantity == 60_000
    assert of(lines, "Claims", "PUT").usd == pytest.approx(0.0005)
    assert total(lines) == pytest.approx(sum(line.usd for line in lines))


def test_what_is_free_each_month_counts_once() -> None:
    usage = Usage(poll_loop_transitions=3_000, run_task_transitions=3_000, tasks=600)
    lines = bill(usage, Prices.load(), stack=stack_with(period_seconds=300))
    transitions = [line for line in lines if "transition" in line.price.unit]
    assert sum(line.usd_beyond_free for line in transitions) == pytest.approx(2_000 * 0.000025)


def test_an_idle_worker_group_costs_less_than_a_dollar_and_a_tenth_of_the_host() -> None:
    prices = Prices.load()
    without = bill(simulate(Scenario(tasks_per_day=0)), prices, stack=stack_with(period_seconds=300))
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


def test_a_sweep_simulates_each_scenario_once_and_prices_the_host_as_a_host() -> None:
    short = Scenario(tasks_per_day=24, days=0.2)
    hosted = replace(short, host=True)
    results = sweep([short, hosted, short], Prices.load())
    assert results.keys() == {short, hosted}
    assert results[short] == result(short, Prices.load())
    assert results[hosted].usd == total(host_bill(Prices.load()))


def test_the_page_keeps_what_is_written_by_hand(tmp_path: Path) -> None:
    results = {
        scenario: Result(
            Usage(tasks=1, first_latencies=[1.0], later_latencies=[1.0], durations={1: 1.0}), 1.0
        )
        for scenario in [*scenarios(), *(each for table in tables() for each in table.scenarios)]
    }
    page = tmp_path / "cost-and-latency.md"
    page.write_text("before\n<!-- simulation -->\nold\n<!-- end of simulation -->\nafter\n")
    write(results, tmp_path)
    written = page.read_text()
    assert written.startswith("before\n<!-- simulation -->\n\n**Ways to poll**")
    assert written.endswith("|\n\n<!-- end of simulation -->\nafter\n")
    assert "old" not in written
    assert (tmp_path / "images" / "cost-and-latency.svg").exists()
    page.write_text("no place for tables")
    with pytest.raises(ValueError, match="has no lines <!-- simulation -->"):
        write(results, tmp_path)


def test_the_rule_takes_the_smallest_linger_that_is_always_in_time() -> None:
    results = {
        scenario: Result(Usage(later_latencies=[5.0 if minutes >= 15 else 6.0]), 1.0)
        for minutes in LINGERS
        for shape in SHAPES
        for scenario in with_linger(minutes, shape)
    }
    assert smallest_linger(results) == 15
    results[with_linger(15, "guarded")[-1]].usage.later_latencies.append(60.0)
    assert smallest_linger(results) == 20


def test_the_picture_and_the_tables_mark_the_default_and_the_host() -> None:
    shown = tables()
    all_scenarios = [*scenarios(), *(scenario for table in shown for scenario in table.scenarios)]
    results = {
        scenario: Result(
            Usage(
                tasks=10,
                first_latencies=[100.0 + scenario.period],
                later_latencies=[scenario.linger_minutes],
                durations={1: 300 + scenario.period},
            ),
            10.29 if scenario.host else 1.0,
        )
        for scenario in all_scenarios
    }
    picture = draw(results)
    ET.fromstring(picture)  # noqa: S314 - written here
    assert picture.count("default $ 1.00, 10 min") == 4
    assert picture.count("host $ 10.29, 10 min") == 4
    ways, *_others, linger, _timeout, _lag = (table.markdown(results) for table in shown)
    assert "| host | 10.29 | 10.29 | 10.29 |" in ways
    assert "| **awake with work, 5 min (default)** | 1.00 |" in ways
    assert "| **10 min (default)** | 10 s |" in linger
    assert all(table.markdown(results).count("(default)") <= 1 for table in shown)


def test_the_committed_pictures_say_what_the_tables_and_the_readme_say() -> None:
    images = ROOT / "docs" / "images"
    tables = (ROOT / "docs" / "cost-and-latency.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    anew = "`python -m local.simulation` draws them anew"
    for name in ("cost-and-latency.svg", "cost-and-latency-panel.svg"):
        picture = (images / name).read_text(encoding="utf-8")
        shown = set(re.findall(r"(?:default|host) \$ (\d+\.\d\d)", picture))
        assert len(shown) >= 2
        assert [cost for cost in shown if cost not in tables] == [], anew
    assert [cost for cost in shown if f"${cost}" not in readme] == [], anew
