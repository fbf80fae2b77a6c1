"""A dashboard's widgets with their data, and the picture of them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.account import connection
from local.dashboard import command
from local.dashboard.svg import default_span, draw
from local.dashboard.widgets import Series, Span, UnsupportedWidgetError, Widget, read_dashboard

SPAN = Span(datetime(2026, 1, 1, 12, 0, tzinfo=UTC), datetime(2026, 1, 1, 13, 0, tzinfo=UTC), 300)
BEGAN = SPAN.start.timestamp()


class CloudWatch:
    """GetDashboard, and metrics given by name. A metric's dimension ``d`` is part of its name."""

    def __init__(self, *widgets: dict[str, Any], **values: dict[int, float]) -> None:
        self._body = json.dumps({"widgets": [place | widget for widget, place in _places(widgets)]})
        self._values = values

    def get_dashboard(self, **_: str) -> dict[str, str]:
        return {"DashboardBody": self._body}

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        results = []
        for query in request["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            name = "_".join([metric["MetricName"], *(pair["Value"] for pair in metric["Dimensions"])])
            found = self._values.get(name, {})
            moments = [datetime.fromtimestamp(BEGAN + 300 * index, UTC) for index in found]
            results.append({"Id": query["Id"], "Timestamps": moments, "Values": list(found.values())})
        return {"MetricDataResults": results}

    def get_paginator(self, operation: str) -> Any:
        class Pages:
            def paginate(self, **request: Any) -> Any:
                if operation == "describe_alarms":
                    return [{"MetricAlarms": [{"AlarmName": "a", "StateValue": "ALARM"}]}]
                pairs = [{"Name": "service", "Value": "S"}, {"Name": "Error", "Value": "Denied"}]
                other = [{"Name": "service", "Value": "other"}, {"Name": "Error", "Value": "Denied"}]
                metric = {"Namespace": request["Namespace"], "MetricName": request["MetricName"]}
                return [
                    {"Metrics": [{**metric, "Dimensions": dimensions} for dimensions in (pairs, other, [])]}
                ]

        return Pages()


def _places(widgets: tuple[dict[str, Any], ...]) -> Iterator[tuple[dict[str, Any], dict[str, int]]]:
    for number, widget in enumerate(widgets):
        yield widget, {"x": 0, "y": 6 * number, "width": 12, "height": 6}


def graph(*rows: list[Any]) -> dict[str, Any]:
    return {"type": "metric", "properties": {"title": "T", "metrics": list(rows)}}


def series(*rows: list[Any], **values: dict[int, float]) -> dict[str, dict[float, float]]:
    (widget,) = read_dashboard(CloudWatch(graph(*rows), **values), "d", SPAN)  # type: ignore[arg-type]
    return {
        line.label: {(moment - BEGAN) / 300: value for moment, value in line.points.items()}
        for line in widget.series
    }


def test_a_row_is_a_metric_with_a_label_or_its_name() -> None:
    rows: tuple[list[Any], ...] = (["N", "polls", "d", "x", {"label": "etl", "stat": "Sum"}], ["N", "tasks"])
    assert series(*rows, polls_x={0: 1, 2: 3}, tasks={}) == {"etl": {0: 1, 2: 3}, "tasks": {}}


def test_an_expression_is_evaluated_in_each_period_that_has_data() -> None:
    rows: tuple[list[Any], ...] = (
        [{"expression": "8 * FILL(a, 0) + 3 * SUM([b])", "label": "sum"}],
        ["N", "a", {"id": "a", "visible": False}],
        ["N", "b", {"id": "b", "visible": False}],
    )
    assert series(*rows, a={0: 1}, b={0: 1, 1: 2}) == {"sum": {0: 11, 1: 6}}


def test_a_search_finds_the_metrics_of_its_schema_and_service() -> None:
    text = "SEARCH('{N,service,Error} MetricName=\"polls\" service=\"S\"', 'Sum')"
    assert series([{"expression": text}], polls_S_Denied={1: 4}) == {"Denied": {1: 4}}


@pytest.mark.parametrize(
    "widget", [{"type": "log", "properties": {}}, graph([{"expression": "SEARCH('anything', 'Average')"}])]
)
def test_other_widgets_are_refused(widget: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedWidgetError):
        read_dashboard(CloudWatch(widget), "d", SPAN)  # type: ignore[arg-type]


def texts(*widgets: Widget) -> list[str]:
    root = ET.fromstring(draw(widgets, SPAN))  # noqa: S314 - our own picture
    return [element.text or "" for element in root.iter() if element.tag.endswith("text")]


def test_the_picture_shows_titles_labels_states_and_text() -> None:
    line = Series("<etl & co>", {BEGAN: 7.0, BEGAN + 300: 0.0})
    shown = texts(
        Widget("text", 0, 0, 24, 2, markdown="# Stack\n[link](https://x.invalid) and `code`"),
        Widget("alarm", 0, 2, 24, 2, title="Alarms", alarms={"S-NoPoll": "ALARM"}),
        Widget("metric", 0, 4, 12, 6, title="Polls", series=[line]),
        Widget("metric", 12, 4, 12, 6, title="Right", series=[line], legend="right"),
    )
    assert {"Stack", "link and code", "Alarms", "S-NoPoll", "Polls", "Right", "8"} <= set(shown)
    assert shown.count("<etl & co>") == 2
    assert {"12:00", "12:30", "13:00"} <= set(shown)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dashboard on local AWS."""
    cloudwatch = boto3.client("cloudwatch", **connection("http://127.0.0.1:1"))
    monkeypatch.setattr(boto3, "client", lambda *_, **__: cloudwatch)
    monkeypatch.setattr(
        command, "read_dashboard", lambda *_: [Widget("text", 0, 0, 24, 2, markdown="# Told")]
    )


@pytest.mark.usefixtures("drawn")
def test_the_picture_is_written_into_a_folder_that_is_made_for_it(tmp_path: Path) -> None:
    output = tmp_path / "no" / "such" / "dashboard.svg"
    assert command.main(["--output", str(output)]) == 0
    assert "Told" in output.read_text()


@pytest.mark.usefixtures("drawn")
def test_a_picture_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert command.main(["--output", str(tmp_path / "file" / "dashboard.svg")]) == 1
    assert "dashboard.svg cannot be written: " in capsys.readouterr().err


@pytest.mark.usefixtures("drawn")
def test_a_stack_without_the_dashboard_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(client: Any, *_: Any) -> None:
        raise client.exceptions.ResourceNotFound({"Error": {"Code": "ResourceNotFound"}}, "GetDashboard")

    monkeypatch.setattr(command, "read_dashboard", missing)
    assert command.main(["--output", str(tmp_path / "x.svg")]) == 1
    assert "deploy the app with --context dashboard=true" in capsys.readouterr().err


def test_a_graph_without_data_is_drawn_empty() -> None:
    assert "Nothing" in texts(Widget("metric", 0, 0, 8, 6, title="Nothing", series=[Series("x", {})]))


def test_a_gap_in_the_data_is_a_gap_in_the_line() -> None:
    line = Series("x", {BEGAN: 1.0, BEGAN + 300: 1.0, BEGAN + 1500: 1.0, BEGAN + 1800: 1.0})
    picture = draw([Widget("metric", 0, 0, 8, 6, series=[line])], SPAN)
    assert picture.count("<polyline") == 2


def test_the_span_begins_with_a_period() -> None:
    span = default_span(10, 60, datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC))
    assert span.start == datetime(2026, 1, 1, 11, 50, tzinfo=UTC)
