"""What the documentation promises of cost and latency with the defaults, in the simulation.

tests/infra/test_cost.py compares the stack's figures, on which the bill rests, with the template.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from local.simulation.arrivals import PATTERNS
from local.simulation.bill import bill, host_bill, total
from local.simulation.prices import Prices
from local.simulation.run import simulate
from local.simulation.scenario import DEFAULT, Scenario
from local.simulation.stack import stack_with
from local.simulation.sweep import DEAD_POLLS, SHAPES
from local.simulation.usage import Usage, quantile

pytestmark = pytest.mark.long

PERIOD = DEFAULT.period_seconds
SCHEDULE_SECONDS = 60
"""A schedule fires at any moment within its minute (EventBridge Scheduler user guide)."""
LATER_SECONDS = 5
REQUESTS_SECONDS = 1.0
"""Poll, start, acknowledgement and invocation of a task, at the simulation's assumed delays."""

HOST_USD = total(host_bill(Prices.load()))
CONTINUOUS_AT_256_MB_USD = 12.74
"""What 100 tasks a day cost with continuous polling and `rate(5 minutes)` before the poller had 128 MB."""


MONITORING = {"Metrics", "Alarms", "Dashboard", "Ends"}
"""Lines of the bill for what a host lacks. tests/infra/test_cost.py is about all of them."""


def usd_of_running(usage: Usage, *, days: float = 30) -> float:
    """A month's cost, with the handlers' time and without monitoring."""
    lines = bill(usage, Prices.load(), months=days / 30, stack=stack_with(period_seconds=PERIOD))
    return total([line for line in lines if line.what not in MONITORING])


@pytest.mark.parametrize("dead_poll", DEAD_POLLS)
@pytest.mark.parametrize("pattern", list(PATTERNS))
@pytest.mark.parametrize("shape", SHAPES)
def test_later_steps_start_within_five_seconds_of_being_ready(
    shape: str, pattern: str, dead_poll: str
) -> None:
    # So few that no other pipeline keeps the group awake.
    few = Scenario(tasks_per_day=20, shape=shape, pattern=pattern, days=10, dead_poll=dead_poll)
    usage = simulate(few)
    assert usage.not_ended == 0
    assert len(usage.later_latencies) > 100
    assert quantile(usage.later_latencies, 0.95) <= LATER_SECONDS


@pytest.mark.parametrize("pattern", list(PATTERNS))
def test_later_steps_start_in_time_beside_other_pipelines(pattern: str) -> None:
    usage = simulate(Scenario(tasks_per_day=100, shape="mixed", pattern=pattern, days=4))
    assert quantile(usage.later_latencies, 0.95) <= LATER_SECONDS


def test_without_a_linger_later_steps_wait_for_a_tick() -> None:
    never = Scenario(tasks_per_day=20, shape="chain", days=10, linger_minutes=0)
    assert quantile(simulate(never).later_latencies, 0.95) > PERIOD / 2


def test_a_shorter_linger_is_too_short_for_the_default_retry_delay() -> None:
    shorter = Scenario(tasks_per_day=20, shape="patient", days=15, linger_minutes=8)
    assert quantile(simulate(shorter).later_latencies, 0.95) > LATER_SECONDS
    usage = simulate(replace(shorter, linger_minutes=DEFAULT.linger_minutes))
    assert quantile(usage.later_latencies, 0.95) <= LATER_SECONDS


@pytest.mark.parametrize("lag", [60, 180])
def test_an_answer_of_list_executions_that_is_minutes_old_delays_no_step(lag: float) -> None:
    stale = Scenario(tasks_per_day=20, shape="mixed", days=20, listing_lag=lag)
    assert quantile(simulate(stale).later_latencies, 0.95) <= LATER_SECONDS


def test_an_answer_that_is_older_than_a_period_costs_a_period() -> None:
    stale = Scenario(tasks_per_day=20, shape="mixed", days=20, listing_lag=2 * PERIOD)
    late = simulate(stale).later_latencies
    assert quantile(late, 0.95) > LATER_SECONDS
    assert max(late) <= PERIOD + SCHEDULE_SECONDS + REQUESTS_SECONDS


@pytest.mark.parametrize("dead_poll", DEAD_POLLS)
def test_a_task_of_a_sleeping_group_starts_within_a_period_and_a_minute(dead_poll: str) -> None:
    usage = simulate(Scenario(tasks_per_day=10, days=30, dead_poll=dead_poll))
    assert len(usage.first_latencies) > 250
    assert max(usage.first_latencies) <= PERIOD + SCHEDULE_SECONDS + REQUESTS_SECONDS


def test_an_idle_group_costs_at_most_a_dollar_a_month() -> None:
    idle = simulate(Scenario(tasks_per_day=0))
    assert idle.ticks == 8_640
    assert idle.poll_loop_transitions == 3 * idle.ticks
    assert 0.75 < usd_of_running(idle) <= 1.00


def test_continuous_polling_costs_at_most_six_tenths_of_what_it_did() -> None:
    days = 6
    continuous = simulate(Scenario(tasks_per_day=100, poll_timeout=95, days=days))
    lines = bill(continuous, Prices.load(), months=days / 30, stack=stack_with(period_seconds=PERIOD))
    handlers = total([line for line in lines if line.what == "Handlers"])
    usd = usd_of_running(continuous, days=days) - handlers
    assert 5 < usd <= 0.6 * CONTINUOUS_AT_256_MB_USD
    assert continuous.latency(0.95) < 1


@pytest.mark.parametrize("dead_poll", DEAD_POLLS)
def test_a_month_of_nightly_chains_costs_a_third_of_the_host_and_ends_a_period_later(dead_poll: str) -> None:
    nightly = Scenario(tasks_per_day=100, pattern="nightly", shape="five", dead_poll=dead_poll)
    stack, host = simulate(nightly), simulate(replace(nightly, host=True))
    assert stack.tasks == host.tasks == 3_000
    assert usd_of_running(stack) <= HOST_USD / 3
    later = [stack.durations[number] - host.durations[number] for number in host.durations]
    assert quantile(later, 0.95) <= PERIOD
    # A batch that becomes ready right after a tick's poll waits for the next tick, which may come a minute
    # late. Twenty chains take some seconds to start.
    assert max(later) <= PERIOD + SCHEDULE_SECONDS + 5


@pytest.mark.parametrize("shape", ["single", "five", "patient", "mixed"])
@pytest.mark.parametrize("pattern", list(PATTERNS))
def test_a_poll_that_was_given_up_delays_no_task_of_a_group_that_is_awake(shape: str, pattern: str) -> None:
    usage = simulate(Scenario(tasks_per_day=100, shape=shape, pattern=pattern, days=10))
    assert usage.lost_while_awake == 0
    assert usage.lost_offers <= usage.tasks / 3
    if pattern == "steady":
        assert usage.lost_offers > 0, "the worse reading of a poll that was given up is simulated"


def test_a_group_that_is_always_awake_gives_no_poll_up() -> None:
    assert simulate(Scenario(tasks_per_day=100, poll_timeout=95, days=5)).lost_offers == 0


def test_a_host_polls_all_the_time() -> None:
    hosted = Scenario(tasks_per_day=100, shape="mixed", days=3, host=True)
    usage = simulate(hosted)
    assert usage.lost_offers == 0
    assert usage.poll_loop_transitions == usage.ticks == 0
    assert usage.latency(1) < 2
    assert usage.polls >= 3 * 86_400 / 90


def test_a_host_with_two_threads_runs_two_tasks_at_once() -> None:
    usage = simulate(
        Scenario(tasks_per_day=20, pattern="nightly", days=1, task_seconds=60, host=True, host_threads=2)
    )
    assert usage.peak_running == 2
    assert max(usage.durations.values()) == pytest.approx(20 / 2 * 60, abs=5)
