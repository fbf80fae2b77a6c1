from __future__ import annotations

import json
from typing import Any

import pytest

from local.cloudwatch.emf import metric_data


def line(**changes: Any) -> str:
    directive = {"Namespace": "N", "Dimensions": [["kind"]], "Metrics": [{"Name": "count", "Unit": "Count"}]}
    root = {
        "_aws": {"Timestamp": 1_700_000_000_500, "CloudWatchMetrics": [directive]},
        "kind": "a",
        "count": 2,
    }
    return json.dumps(root | changes)


def test_a_metric_line_becomes_a_datum() -> None:
    assert metric_data([line()]) == {
        "N": [
            {
                "MetricName": "count",
                "Dimensions": [{"Name": "kind", "Value": "a"}],
                "Timestamp": 1_700_000_000.5,
                "Unit": "Count",
                "Values": [2],
                "Counts": [1],
            }
        ]
    }


def test_each_set_of_dimensions_is_a_datum_of_its_own() -> None:
    directive = {"Namespace": "N", "Dimensions": [["kind"], []], "Metrics": [{"Name": "count"}]}
    (of_kind, of_all) = metric_data([line(_aws={"Timestamp": 0, "CloudWatchMetrics": [directive]})])["N"]
    assert of_kind["Dimensions"] == [{"Name": "kind", "Value": "a"}]
    assert of_all["Dimensions"] == []
    assert of_all["Unit"] == "None"


def test_a_list_is_many_values() -> None:
    (datum,) = metric_data([line(count=[1, 2.5])])["N"]
    assert (datum["Values"], datum["Counts"]) == ([1, 2.5], [1, 1])


@pytest.mark.parametrize(
    "text",
    [
        "no metrics",
        '{"_aws" broken',
        '["_aws"]',
        '{"_aws": 1}',
        line(count="two"),
        json.dumps({key: value for key, value in json.loads(line()).items() if key != "kind"}),
    ],
)
def test_other_lines_are_only_log_lines(text: str) -> None:
    assert metric_data([text]) == {}
