"""Metrics that are read, and metrics that exist: (namespace, name, names of the dimensions)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.system.deployments import STACK, Deployment

Key = tuple[str, str, frozenset[str]]

SEARCH = re.compile(r"SEARCH\('\{(?P<schema>[^}]*)\} MetricName=\"(?P<name>\w+)\"")


def alarms(deployment: Deployment) -> Sequence[Mapping[str, Any]]:
    """The stack's alarms, read from CloudWatch."""
    return deployment.cloudwatch.describe_alarms(AlarmNamePrefix=f"{STACK}-")["MetricAlarms"]


def read_metrics(deployment: Deployment) -> set[Key]:
    """The metrics that the deployed alarms and dashboard read."""
    found = {key for alarm in alarms(deployment) for key in _of_alarm(alarm)}
    body = json.loads(deployment.cloudwatch.get_dashboard(DashboardName=STACK)["DashboardBody"])
    for widget in body["widgets"]:
        for row in widget["properties"].get("metrics", []):
            found |= set(_of_row(row))
    return found


def emitted_metrics(deployment: Deployment) -> set[Key]:
    """The metrics in CloudWatch."""
    pages = deployment.cloudwatch.get_paginator("list_metrics").paginate()
    return {_key(metric) for page in pages for metric in page["Metrics"]}


def _of_alarm(alarm: Mapping[str, Any]) -> Iterator[Key]:
    queries = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
    yield from map(_key, queries or [alarm])


def _key(metric: Mapping[str, Any]) -> Key:
    names = frozenset(pair["Name"] for pair in metric.get("Dimensions") or [])
    return metric["Namespace"], metric["MetricName"], names


def _of_row(row: Sequence[Any]) -> Iterator[Key]:
    words = [word for word in row if isinstance(word, str)]
    if words:
        yield words[0], words[1], frozenset(words[2::2])
        return
    search = SEARCH.search(row[0]["expression"])
    if search is not None:
        namespace, *names = search["schema"].split(",")
        yield namespace, search["name"], frozenset(names)
