"""Alarms change state as in CloudWatch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from local.cloudwatch.alarms import Statistic, UnsupportedAlarmError, check, evaluate

NOW = 10_000.0


def stat(name: str, period: int = 60) -> dict[str, Any]:
    return {"Metric": {"Namespace": "N", "MetricName": name}, "Period": period, "Stat": "Sum"}


def alarm(**members: Any) -> dict[str, Any]:
    return {
        "StateValue": "OK",
        "Metrics": [{"Id": "m1", "MetricStat": stat("polls")}],
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    } | members


def data(**by_metric: list[float | None]) -> Statistic:
    """Values by metric, starting with the newest period."""

    def statistic(asked: Mapping[str, Any], start: float, end: float) -> float | None:
        values = by_metric.get(asked["Metric"]["MetricName"], [])
        index = round((NOW - end) / asked["Period"])
        return values[index] if index < len(values) else None

    return statistic


@pytest.mark.parametrize(
    ("comparison", "values", "state"),
    [
        ("GreaterThanOrEqualToThreshold", [1], "ALARM"),
        ("GreaterThanThreshold", [1], "OK"),
        ("LessThanThreshold", [0], "ALARM"),
        ("LessThanOrEqualToThreshold", [2], "OK"),
    ],
)
def test_a_value_is_compared_with_the_threshold(
    comparison: str, values: list[float | None], state: str
) -> None:
    assert evaluate(alarm(ComparisonOperator=comparison), data(polls=values), NOW) == state


@pytest.mark.parametrize(
    ("missing", "state"),
    [
        ("breaching", "ALARM"),
        ("notBreaching", "OK"),
        ("missing", "INSUFFICIENT_DATA"),
        ("ignore", "ALARM"),
    ],
)
def test_missing_data_is_treated_as_the_alarm_says(missing: str, state: str) -> None:
    before = alarm(TreatMissingData=missing, StateValue="ALARM")
    assert evaluate(before, data(), NOW) == state


@pytest.mark.parametrize(
    ("values", "state"), [([0, 0, 0], "OK"), ([1, 0, 1], "ALARM"), ([0, 1, 0], "OK"), ([0, 0, 1, 1], "OK")]
)
def test_m_out_of_n_periods(values: list[float | None], state: str) -> None:
    two_of_three = alarm(EvaluationPeriods=3, DatapointsToAlarm=2)
    assert evaluate(two_of_three, data(polls=values), NOW) == state


def test_periods_are_as_many_times_as_short_as_time_is_fast() -> None:
    asked: list[float] = []

    def statistic(_: Mapping[str, Any], start: float, end: float) -> float | None:
        asked.append(end - start)
        return 0.0

    evaluate(alarm(EvaluationPeriods=2), statistic, NOW, time_scale=30)
    assert asked == [2, 2]


def test_an_alarm_may_name_its_metric_directly() -> None:
    direct = alarm(Metrics=None, Namespace="N", MetricName="polls", Period=300, Statistic="Sum")
    assert evaluate(direct, data(polls=[1]), NOW) == "ALARM"


@pytest.mark.parametrize(
    ("expression", "state"),
    [
        ("FILL(m1, 0) + FILL(m2, 0)", "ALARM"),
        ("m1 + m2", "INSUFFICIENT_DATA"),
        ("SUM([m1, m2]) / 4", "OK"),
        ("(m1 - 1) * 10", "ALARM"),
        ("m1 / 0", "INSUFFICIENT_DATA"),
    ],
)
def test_metric_math(expression: str, state: str) -> None:
    metrics = [
        {"Id": "e1", "Expression": expression},
        {"Id": "m1", "MetricStat": stat("polls"), "ReturnData": False},
        {"Id": "m2", "MetricStat": stat("tasks"), "ReturnData": False},
    ]
    assert evaluate(alarm(Metrics=metrics), data(polls=[2]), NOW) == state


@pytest.mark.parametrize("expression", ["ANOMALY_DETECTION_BAND(m1)", "m1 >", "__import__('os')", "m9"])
def test_other_math_is_refused_when_the_alarm_is_made(expression: str) -> None:
    metrics = [
        {"Id": "e1", "Expression": expression},
        {"Id": "m1", "MetricStat": stat("polls"), "ReturnData": False},
    ]
    with pytest.raises(UnsupportedAlarmError):
        check(alarm(Metrics=metrics))
