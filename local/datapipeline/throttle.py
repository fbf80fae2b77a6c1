"""The documented request rates of an account as token buckets (Developer Guide, Limits)."""

from __future__ import annotations

from datetime import datetime

BURST = 100.0
RATES: dict[str, float] = {
    "ActivatePipeline": 1,
    "CreatePipeline": 1,
    "DeletePipeline": 1,
    "DescribeObjects": 2,
    "GetPipelineDefinition": 1,
    "PollForTask": 2,
    "PutPipelineDefinition": 1,
    "QueryObjects": 2,
    "ReportTaskProgress": 10,
    "ReportTaskRunnerHeartbeat": 1,
    "SetStatus": 1,
    "SetTaskStatus": 10,
    "ListPipelines": 1,
    "DescribePipelines": 1,
}


class Throttle:
    """Admits ``BURST`` calls of an operation at once, and then the operation's rate."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, datetime]] = {}

    def admits(self, operation: str, now: datetime) -> bool:
        rate = RATES.get(operation)
        if rate is None:
            return True
        left, since = self._left.get(operation, (BURST, now))
        left = min(BURST, left + rate * max(0.0, (now - since).total_seconds()))
        admitted = left >= 1
        self._left[operation] = (left - 1 if admitted else left, now)
        return admitted
