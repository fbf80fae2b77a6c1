from __future__ import annotations

from typing import Any

import pytest

from local.cloudwatch.service_metrics import execution_metrics, invocation_metrics, queue_metrics

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:m"


def values(data: list[dict[str, Any]]) -> dict[str, float]:
    return {datum["MetricName"]: datum["Value"] for datum in data}


@pytest.mark.parametrize("is_error", [False, True])
def test_an_invocation_counts_with_its_outcome(is_error: bool) -> None:
    data = invocation_metrics("f", duration_ms=12.5, is_error=is_error)
    assert values(data) == {"Invocations": 1, "Errors": int(is_error), "Throttles": 0, "Duration": 12.5}
    assert all(datum["Dimensions"] == [{"Name": "FunctionName", "Value": "f"}] for datum in data)


def test_an_execution_that_ends_counts_with_its_duration() -> None:
    execution = {
        "stateMachineArn": MACHINE,
        "status": "FAILED",
        "startDate": "2026-01-01T00:00:00.000Z",
        "stopDate": "2026-01-01T00:00:01.500Z",
    }
    assert values(execution_metrics(execution)) == {"ExecutionsFailed": 1, "ExecutionTime": 1500}


def test_an_execution_that_starts_counts_as_started() -> None:
    execution = {"stateMachineArn": MACHINE, "status": "RUNNING", "startDate": "x", "stopDate": None}
    assert values(execution_metrics(execution)) == {"ExecutionsStarted": 1}


def test_a_queue_counts_what_waits_in_it() -> None:
    (datum,) = queue_metrics("q", visible=3)
    assert (datum["MetricName"], datum["Value"]) == ("ApproximateNumberOfMessagesVisible", 3)
    assert datum["Dimensions"] == [{"Name": "QueueName", "Value": "q"}]
