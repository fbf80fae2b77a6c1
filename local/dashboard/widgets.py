"""Reads a CloudWatch dashboard's widgets and their data through CloudWatch's API.

Source of the format: Amazon CloudWatch API Reference, "Dashboard Body Structure and Syntax".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.cloudwatch.alarms import value_of

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

_QUERIES_A_CALL = 500
_SEARCH = re.compile(
    r"SEARCH\('\{(?P<schema>[^}]*)\} MetricName=\"(?P<name>[^\"]*)\" (?P<filter>[^']*)', 'Sum'\)"
)
_EQUALS = re.compile(r"(\w+)=\"([^\"]*)\"")


class UnsupportedWidgetError(ValueError):
    """A widget of a kind that is not supported; the message names it."""


@dataclass(frozen=True)
class Series:
    """One line of a graph. The keys are the starts of periods, in epoch seconds."""

    label: str
    points: Mapping[float, float]


@dataclass(frozen=True)
class Widget:
    """A widget, its place in the grid of 24 columns, and its data."""

    kind: str
    x: int
    y: int
    width: int
    height: int
    title: str = ""
    markdown: str = ""
    legend: str = "bottom"
    series: Sequence[Series] = ()
    alarms: Mapping[str, str] = field(default_factory=dict)
    """The states of alarms by name."""


@dataclass(frozen=True)
class Span:
    """The time that is shown: from ``start`` to ``end``, in periods of so many seconds."""

    start: datetime
    end: datetime
    period: int


def read_dashboard(client: CloudWatchClient, name: str, span: Span) -> list[Widget]:
    """Read all widgets of a dashboard. Raises UnsupportedWidgetError, and the client's errors."""
    body = json.loads(client.get_dashboard(DashboardName=name)["DashboardBody"])
    return [_widget(client, found, span) for found in body["widgets"]]


def _widget(client: CloudWatchClient, found: Mapping[str, Any], span: Span) -> Widget:
    place = (found["x"], found["y"], found["width"], found["height"])
    properties = found["properties"]
    kind = found["type"]
    if kind == "text":
        return Widget(kind, *place, markdown=properties["markdown"])
    if kind == "alarm":
        names = [arn.split(":alarm:")[1] for arn in properties["alarms"]]
        return Widget(kind, *place, title=properties.get("title", ""), alarms=_states(client, names))
    if kind == "metric":
        return Widget(
            kind,
            *place,
            title=properties.get("title", ""),
            legend=properties.get("legend", {}).get("position", "bottom"),
            series=list(_series(client, properties["metrics"], span)),
        )
    raise UnsupportedWidgetError(f"a widget of type '{kind}' is not supported")


def _states(client: CloudWatchClient, names: Sequence[str]) -> dict[str, str]:
    pages = client.get_paginator("describe_alarms").paginate(AlarmNames=list(names)[:100])
    return {alarm["AlarmName"]: alarm["StateValue"] for page in pages for alarm in page["MetricAlarms"]}


def _series(client: CloudWatchClient, rows: Sequence[Sequence[Any]], span: Span) -> Iterator[Series]:
    options = [row[-1] if isinstance(row[-1], dict) else {} for row in rows]
    ids = [given.get("id") or f"row{number}" for number, given in enumerate(options)]
    metrics = {
        name: _metric(row, given) for name, row, given in zip(ids, rows, options, strict=True) if len(row) > 1
    }
    values = _values(client, metrics, span)
    queries = [
        {"Id": name, "Expression": given.get("expression")} for name, given in zip(ids, options, strict=True)
    ]
    for name, row, given in zip(ids, rows, options, strict=True):
        if given.get("visible") is False:
            continue
        expression = str(given.get("expression") or "")
        if expression.startswith("SEARCH("):
            yield from _search(client, expression, span)
            continue
        points = values.get(name)
        if points is None:
            moments = sorted({moment for series in values.values() for moment in series})
            at = {
                moment: value_of(name, queries, {key: series.get(moment) for key, series in values.items()})
                for moment in moments
            }
            points = {moment: value for moment, value in at.items() if value is not None}
        yield Series(given.get("label") or (row[1] if len(row) > 1 else expression), points)


def _metric(row: Sequence[Any], options: Mapping[str, Any]) -> dict[str, Any]:
    namespace, name, *pairs = [word for word in row if isinstance(word, str)]
    dimensions = [{"Name": key, "Value": value} for key, value in zip(pairs[::2], pairs[1::2], strict=True)]
    return {
        "Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions},
        "Stat": options.get("stat", "Average"),
    }


def _search(client: CloudWatchClient, expression: str, span: Span) -> Iterator[Series]:
    """The lines of a SEARCH with what this project uses: schema, metric name, dimension values, Sum."""
    match = _SEARCH.fullmatch(expression)
    if match is None:
        raise UnsupportedWidgetError(f"the search expression {expression} is not supported")
    namespace, *names = match["schema"].split(",")
    given = dict(_EQUALS.findall(match["filter"]))
    pages = client.get_paginator("list_metrics").paginate(Namespace=namespace, MetricName=match["name"])
    found: dict[str, dict[str, Any]] = {}
    for metric in (metric for page in pages for metric in page["Metrics"]):
        dimensions = {pair["Name"]: pair["Value"] for pair in metric["Dimensions"]}
        if set(dimensions) == set(names) and given.items() <= dimensions.items():
            label = " ".join(value for key, value in dimensions.items() if key not in given)
            found[label] = {"Metric": metric, "Stat": "Sum"}
    ids = {f"found{number}": label for number, label in enumerate(sorted(found))}
    values = _values(client, {name: found[label] for name, label in ids.items()}, span)
    yield from (Series(label, values[name]) for name, label in ids.items())


def _values(
    client: CloudWatchClient, metrics: Mapping[str, Mapping[str, Any]], span: Span
) -> dict[str, dict[float, float]]:
    queries: list[Any] = [
        {"Id": name, "MetricStat": {**metric, "Period": span.period}} for name, metric in metrics.items()
    ]
    values: dict[str, dict[float, float]] = {}
    for start in range(0, len(queries), _QUERIES_A_CALL):
        answer = client.get_metric_data(
            MetricDataQueries=queries[start : start + _QUERIES_A_CALL],
            StartTime=span.start,
            EndTime=span.end + timedelta(seconds=1),
        )
        for result in answer["MetricDataResults"]:
            moments = [moment.timestamp() for moment in result["Timestamps"]]
            values[result["Id"]] = dict(zip(moments, result["Values"], strict=True))
    return values
