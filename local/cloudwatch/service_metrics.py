"""The metrics that Lambda, Step Functions and SQS publish themselves, as far as the stack reads them.

Sources: Lambda developer guide, "Types of metrics for Lambda functions"; Step Functions developer guide,
"Monitoring Step Functions metrics using Amazon CloudWatch"; SQS developer guide, "Available CloudWatch
metrics for Amazon SQS".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local.cloudwatch.emf import Datum

LAMBDA_NAMESPACE = "AWS/Lambda"
STATES_NAMESPACE = "AWS/States"
SQS_NAMESPACE = "AWS/SQS"

_BY_STATUS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "ABORTED": "ExecutionsAborted",
    "TIMED_OUT": "ExecutionsTimedOut",
}


def invocation_metrics(function_name: str, *, duration_ms: float, is_error: bool) -> list[Datum]:
    """Metrics of one invocation that was not throttled."""
    dimensions = {"FunctionName": function_name}
    return [
        _datum("Invocations", 1, "Count", dimensions),
        _datum("Errors", int(is_error), "Count", dimensions),
        _datum("Throttles", 0, "Count", dimensions),
        _datum("Duration", duration_ms, "Milliseconds", dimensions),
    ]


def execution_metrics(execution: Mapping[str, Any]) -> list[Datum]:
    """Metrics of one status change of an execution, given DescribeExecution's members with ISO 8601 dates."""
    dimensions = {"StateMachineArn": execution["stateMachineArn"]}
    data = [_datum(_BY_STATUS[execution["status"]], 1, "Count", dimensions)]
    if execution.get("stopDate"):
        began, ended = (_moment(execution[name]) for name in ("startDate", "stopDate"))
        took_ms = (ended - began).total_seconds() * 1000
        data.append(_datum("ExecutionTime", took_ms, "Milliseconds", dimensions))
    return data


def queue_metrics(queue_name: str, *, visible: int) -> list[Datum]:
    """Metrics of a queue, published every minute."""
    return [_datum("ApproximateNumberOfMessagesVisible", visible, "Count", {"QueueName": queue_name})]


def _datum(name: str, value: float, unit: str, dimensions: Mapping[str, str]) -> Datum:
    pairs = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": pairs}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
