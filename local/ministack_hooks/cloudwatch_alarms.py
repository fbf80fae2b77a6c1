"""Evaluates alarms as CloudWatch does.

ministack mixes up a metric's dimensions, ignores missing data and "M out of N", evaluates only when data
comes in, and refuses the Metrics property, which the CDK uses for every metric with a label.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping
from typing import Any

from local.cloudwatch import alarms


class CloudWatchAlarms:
    """Replaces ministack's evaluation. With a `time_scale` of N, periods are N times shorter."""

    def __init__(self, time_scale: float) -> None:
        self._time_scale = time_scale
        self._cloudwatch = _module("ministack.services.cloudwatch")
        self._provisioners = _module("ministack.services.cloudformation.provisioners")
        self._original_record = self._provisioners._cw_metric_alarm_record
        self._provisioners._cw_metric_alarm_record = self._record
        self._cloudwatch._evaluate_alarm = self._evaluate

    def evaluate_all(self, *, account: str, region: str) -> None:
        """Evaluate all alarms, as CloudWatch does each minute whether or not data came in."""
        responses = _module("ministack.core.responses")
        responses.set_request_account_id(account)
        responses.set_request_region(region)
        self._cloudwatch._evaluate_all_alarms()

    def _record(self, name: str, properties: dict[str, Any]) -> dict[str, Any]:
        metrics = [_typed(query) for query in properties.get("Metrics") or ()]
        if not metrics:
            record: dict[str, Any] = self._original_record(name, properties)
        else:
            stat = next(query["MetricStat"] for query in metrics if query.get("MetricStat"))
            direct = {"MetricName": stat["Metric"]["MetricName"], "Namespace": stat["Metric"]["Namespace"]}
            others = {key: value for key, value in properties.items() if key != "Metrics"}
            record = self._original_record(name, others | direct)
            for member in (
                "MetricName",
                "Namespace",
                "Statistic",
                "ExtendedStatistic",
                "Period",
                "Dimensions",
            ):
                record.pop(member)
            record["Metrics"] = metrics
        alarms.check(record)
        return record

    def _evaluate(self, alarm: dict[str, Any]) -> None:
        cloudwatch = self._cloudwatch
        old = alarm["StateValue"]
        new = alarms.evaluate(alarm, self._statistic, time.time(), time_scale=self._time_scale)
        if new == old:
            return
        periods = alarm["EvaluationPeriods"]
        comparison, threshold = alarm["ComparisonOperator"], alarm["Threshold"]
        reason = f"Threshold {'crossed' if new == 'ALARM' else 'not crossed'} in {periods} period(s): "
        reason += f"{comparison} {threshold}"
        alarm["StateValue"] = new
        alarm["StateReason"] = reason
        alarm["StateUpdatedTimestamp"] = int(time.time())
        cloudwatch._record_history(alarm["AlarmName"], old, new, reason)
        cloudwatch._dispatch_alarm_actions(alarm, old, new, reason)
        cloudwatch._evaluate_parent_alarms(alarm)

    def _statistic(self, stat: Mapping[str, Any], start: float, end: float) -> float | None:
        cloudwatch = self._cloudwatch
        metric = stat["Metric"]
        dimensions = {pair["Name"]: pair["Value"] for pair in metric.get("Dimensions") or ()}
        key = (metric["Namespace"], metric["MetricName"], cloudwatch._dims_key(dimensions))
        points = [point for point in cloudwatch._metrics.get(key) or () if start < point["Timestamp"] <= end]
        if not points:
            return None
        value: float | None = cloudwatch._stat_value(cloudwatch._calc_stats(points), stat["Stat"], points)
        return value


def _module(name: str) -> Any:
    return importlib.import_module(name)


def _typed(query: Mapping[str, Any]) -> dict[str, Any]:
    """Values in a template may be strings where PutMetricAlarm has numbers and booleans."""
    typed = dict(query)
    if "MetricStat" in query:
        stat = query["MetricStat"]
        typed["MetricStat"] = {**stat, "Period": int(stat["Period"])}
    if "ReturnData" in query:
        typed["ReturnData"] = str(query["ReturnData"]).lower() == "true"
    return typed
