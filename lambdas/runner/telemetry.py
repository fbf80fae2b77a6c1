"""One logger, and metrics as CloudWatch's embedded metric format, both by Powertools.

Names come from the environment that the stack sets: ``POWERTOOLS_SERVICE_NAME`` is the stack's name and
the metrics' ``service`` dimension, ``POWERTOOLS_METRICS_NAMESPACE`` their namespace.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "DataPipelineTaskRunner"

logger = Logger()


def emit(metrics: Mapping[str, float], *, unit: MetricUnit = MetricUnit.Count, **dimensions: str) -> None:
    """Write one metric line: ``emit({"Polls": 1}, WorkerGroup="etl")``.

    Dimension values are cut to CloudWatch's 255 characters, and kept to ASCII, which it asks for.
    """
    line = EphemeralMetrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE))
    for name, text in dimensions.items():
        ascii_value = text.encode("ascii", "backslashreplace").decode().strip()
        line.add_dimension(name, ascii_value[:255] or "none")
    for name, value in metrics.items():
        line.add_metric(name=name, unit=unit, value=value)
    line.flush_metrics()
