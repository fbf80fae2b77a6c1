"""Synth refuses settings that could lose time or tasks, and says what to do instead."""

from __future__ import annotations

import re

import pytest

from infra.configuration_error import ConfigurationError
from infra.naming import slug
from infra.worker_group import WorkerGroup


def test_the_defaults_are_valid() -> None:
    group = WorkerGroup("etl")
    assert (group.period_seconds, group.poll_timeout, group.continuous) == (300, 10, False)


@pytest.mark.parametrize("schedule", ["rate(1 minute)", "rate(4 minutes)"])
def test_short_polls_more_often_than_every_5_minutes_are_refused_with_both_ways_out(schedule: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        WorkerGroup("etl", schedule=schedule, poll_timeout=10)
    assert "rate(5 minutes)" in str(refused.value)
    assert "95 s" in str(refused.value)


@pytest.mark.parametrize(
    ("schedule", "poll_timeout"),
    [("rate(5 minutes)", 10), ("rate(1 minute)", 95), ("rate(1 minute)", 90), ("rate(1 hour)", 2)],
)
def test_both_ways_out_are_accepted(schedule: str, poll_timeout: int) -> None:
    WorkerGroup("etl", schedule=schedule, poll_timeout=poll_timeout)


@pytest.mark.parametrize(
    "schedule",
    [
        *("", "rate(0 minutes)", "rate(2 days)", "cron(0 * * * ? *)", "5 minutes", "rate(5 minutes)\n"),
        *("rate(٥ minutes)", "rate(05 minutes)", "rate( 5 minutes)", "rate(5  minutes)", "rate(5minutes)"),
    ],
)
def test_a_schedule_is_a_rate_from_a_minute_to_a_day(schedule: str) -> None:
    with pytest.raises(ConfigurationError, match="rate"):
        WorkerGroup("etl", schedule=schedule, poll_timeout=95)


@pytest.mark.parametrize(
    ("schedule", "meant"),
    [
        ("rate(5 minute)", "rate(5 minutes)"),
        ("rate(1 minutes)", "rate(1 minute)"),
        ("rate(12 hour)", "rate(12 hours)"),
        ("rate(1 days)", "rate(1 day)"),
    ],
)
def test_a_unit_in_the_wrong_number_is_refused_as_eventbridge_does(schedule: str, meant: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f"write '{meant}'")):
        WorkerGroup("etl", schedule=schedule, poll_timeout=95)


@pytest.mark.parametrize("name", ["", " ", "\t\n", "x" * 1_025])
def test_a_blank_or_too_long_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="1,024"):
        WorkerGroup(name)


@pytest.mark.parametrize("name", ["a\x00b", "\ud800", "a\uffff"])
def test_a_name_that_data_pipeline_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="character"):
        WorkerGroup(name)


@pytest.mark.parametrize("name", [" etl ", "夜間", "a\tb", "𝒳", "a${b}c", "x" * 1_024])
def test_any_name_that_data_pipeline_can_have_is_taken(name: str) -> None:
    WorkerGroup(name)


def test_other_limits() -> None:
    with pytest.raises(ConfigurationError, match="2 to 120"):
        WorkerGroup("etl", poll_timeout=121)
    with pytest.raises(ConfigurationError, match="max_concurrent_tasks"):
        WorkerGroup("etl", max_concurrent_tasks=0)


def test_names_are_safe_and_differ_where_the_texts_do() -> None:
    assert slug("etl_1-a", 20) == "etl_1-a"
    assert slug("etl/1 ü", 20) != slug("etl 1 ü", 20)
    assert len(slug("x" * 200, 20)) == 20
    assert slug("日本", 20).isascii()


@pytest.mark.parametrize("minutes", [-1, 1_441, 2.5, None, True])
def test_a_linger_that_cannot_be_is_refused(minutes: object) -> None:
    with pytest.raises(ConfigurationError, match="linger_minutes"):
        WorkerGroup("etl", linger_minutes=minutes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("group", "wakes"),
    [
        (WorkerGroup("etl"), True),
        (WorkerGroup("etl", linger_minutes=0), False),
        (WorkerGroup("etl", poll_timeout=95), False),
    ],
)
def test_a_group_wakes_unless_it_never_sleeps_or_must_not(group: WorkerGroup, wakes: bool) -> None:
    assert group.may_wake is wakes
