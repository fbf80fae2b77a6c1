"""Decides which state a CloudWatch alarm is in.

Source: Amazon CloudWatch User Guide, "Using Amazon CloudWatch alarms" and "Using math expressions with
CloudWatch metrics". Two things are simpler here. The newest period ends now, not at a full minute, so that
nobody has to wait for it. And a period without data is not replaced by one from before the evaluated periods.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]

Statistic = Callable[[Mapping[str, Any], float, float], float | None]
"""(MetricStat, start, end) -> the statistic over (start, end], in epoch seconds; None without data."""

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class UnsupportedAlarmError(ValueError):
    """Local AWS cannot evaluate an alarm of this kind; the message says why."""


def metric_queries(alarm: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The Metrics of PutMetricAlarm, also for an alarm that names its only metric directly."""
    if alarm.get("Metrics"):
        metrics: Sequence[Mapping[str, Any]] = alarm["Metrics"]
        return metrics
    metric = {name: alarm.get(name) for name in ("Namespace", "MetricName", "Dimensions")}
    stat = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    return [{"Id": "m1", "MetricStat": {"Metric": metric, "Period": alarm.get("Period", 60), "Stat": stat}}]


def check(alarm: Mapping[str, Any]) -> None:
    """Raises UnsupportedAlarmError for an alarm that `evaluate` could not evaluate."""
    if alarm["ComparisonOperator"] not in _COMPARE:
        raise UnsupportedAlarmError(f"comparison {alarm['ComparisonOperator']} is not supported")
    queries = metric_queries(alarm)
    _result(queries, {query["Id"]: None for query in queries if query.get("MetricStat")})


def evaluate(alarm: Mapping[str, Any], statistic: Statistic, now: float, *, time_scale: float = 1.0) -> State:
    """The state of an alarm at `now`, in epoch seconds. Its members are those of DescribeAlarms.

    With a `time_scale` of N, its periods are N times shorter than they say.
    """
    queries = metric_queries(alarm)
    periods = [query["MetricStat"]["Period"] for query in queries if query.get("MetricStat")]
    period = periods[0] / time_scale
    compare, threshold = _COMPARE[alarm["ComparisonOperator"]], float(alarm["Threshold"])
    missing = alarm.get("TreatMissingData") or "missing"
    breaching: list[bool] = []
    for index in range(int(alarm["EvaluationPeriods"])):
        end = now - index * period
        values = {
            query["Id"]: statistic(query["MetricStat"], end - period, end)
            for query in queries
            if query.get("MetricStat")
        }
        value = _result(queries, values)
        if value is not None:
            breaching.append(compare(value, threshold))
        elif missing in ("breaching", "notBreaching"):
            breaching.append(missing == "breaching")
    if not breaching:
        state: State = alarm["StateValue"] if missing == "ignore" else "INSUFFICIENT_DATA"
        return state
    needed = int(alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"])
    return "ALARM" if sum(breaching) >= needed else "OK"


def value_of(
    query_id: str, queries: Sequence[Mapping[str, Any]], values: Mapping[str, float | None]
) -> float | None:
    """The value of a metric or of a metric math expression, computed from the values of the metrics by id.

    Raises UnsupportedAlarmError for unsupported math.
    """
    expressions = {query["Id"]: query["Expression"] for query in queries if query.get("Expression")}
    return _value(query_id, expressions, values)


def _result(queries: Sequence[Mapping[str, Any]], values: Mapping[str, float | None]) -> float | None:
    returned = [query for query in queries if query.get("ReturnData", True)]
    if len(returned) != 1:
        raise UnsupportedAlarmError("exactly one of an alarm's metrics has ReturnData")
    return value_of(returned[0]["Id"], queries, values)


def _value(name: str, expressions: Mapping[str, str], values: Mapping[str, float | None]) -> float | None:
    if name not in expressions:
        return values[name]
    text = expressions[name]

    def of(node: ast.expr) -> float | None:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=other) if other in values or other in expressions:
                return _value(other, expressions, values)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                a, b = of(left), of(right)
                if a is None or b is None or (isinstance(op, ast.Div) and b == 0):
                    return None
                return _ARITHMETIC[type(op)](a, b)
            case ast.Call(func=ast.Name(id="FILL"), args=[filled, filler]):
                return value if (value := of(filled)) is not None else of(filler)
            case ast.Call(func=ast.Name(id="SUM"), args=[ast.List(elts=items)]):
                present = [value for item in items if (value := of(item)) is not None]
                return sum(present) if present else None
        raise UnsupportedAlarmError(
            f"metric math {text!r}: only numbers, metrics, + - * /, FILL(metric, number) and SUM([...])"
        )

    try:
        return of(ast.parse(text, mode="eval").body)
    except SyntaxError as error:
        raise UnsupportedAlarmError(f"metric math {text!r} cannot be read") from error
