"""CloudWatch's embedded metric format: metrics in log lines.

Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Datum = dict[str, Any]


def metric_data(lines: Iterable[str]) -> dict[str, list[Datum]]:
    """The metrics in log lines, by namespace, as the MetricData of PutMetricData.

    Like CloudWatch, it ignores lines in any other format, and directives whose metric or dimension has no
    value in the line.
    """
    by_namespace: dict[str, list[Datum]] = {}
    for line in lines:
        for namespace, datum in _of_line(line):
            by_namespace.setdefault(namespace, []).append(datum)
    return by_namespace


def _of_line(line: str) -> Iterator[tuple[str, Datum]]:
    if '"_aws"' not in line:
        return
    try:
        root = json.loads(line)
        metadata = root["_aws"]
        timestamp = metadata["Timestamp"] / 1000
        for directive in metadata["CloudWatchMetrics"]:
            for names in directive.get("Dimensions") or [[]]:
                for metric in directive["Metrics"]:
                    datum = _datum(root, metric, names, timestamp)
                    if datum is not None:
                        yield directive["Namespace"], datum
    except (ValueError, KeyError, TypeError, AttributeError):
        return


def _datum(root: Mapping[str, Any], metric: Mapping[str, Any], names: list[str], at: float) -> Datum | None:
    values = root.get(metric["Name"])
    values = values if isinstance(values, list) else [values]
    if not all(isinstance(value, int | float) for value in values) or not set(names) <= set(root):
        return None
    return {
        "MetricName": metric["Name"],
        "Dimensions": [{"Name": name, "Value": str(root[name])} for name in names],
        "Timestamp": at,
        "Unit": metric.get("Unit", "None"),
        "Values": values,
        "Counts": [1] * len(values),
    }
