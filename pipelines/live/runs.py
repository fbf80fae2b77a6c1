"""How long the last runs of a pipeline's components took."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pipelines.live.calls import Calls

_DAYS = 30
_IDS = 100
_DESCRIBED = 50


def longest_minutes(calls: Calls, pipeline_id: str, now: datetime | None = None) -> Mapping[str, float]:
    """By component, the longest of its latest attempts that FINISHED, in minutes.

    Raises errors of botocore.
    """
    since = (now or datetime.now(UTC)) - timedelta(days=_DAYS)
    selector = {
        "fieldName": "@actualStartTime",
        "operator": {"type": "GE", "values": [f"{since:%Y-%m-%dT%H:%M:%S}"]},
    }
    ids = calls.query(pipeline_id, "ATTEMPT", _IDS, query={"selectors": [selector]})
    latest = sorted(ids, key=_started, reverse=True)[:_DESCRIBED]
    found: dict[str, float] = {}
    for start in range(0, len(latest), 25):
        for fields in calls.describe(pipeline_id, latest[start : start + 25]):
            minutes = _minutes(fields)
            component = fields.get("@componentParent", "")
            if minutes is not None and component and fields.get("@status") == "FINISHED":
                found[component] = max(minutes, found.get(component, 0.0))
    return found


def _started(attempt_id: str) -> str:
    """The scheduled time in ``@SayHello_2012-12-12T00:00:00_Attempt=1``, to sort by."""
    return attempt_id.rpartition("_Attempt=")[0].rpartition("_")[2]


def _minutes(fields: Mapping[str, str]) -> float | None:
    try:
        start = datetime.fromisoformat(fields["@actualStartTime"])
        end = datetime.fromisoformat(fields["@actualEndTime"])
    except (KeyError, ValueError):
        return None
    return (end - start).total_seconds() / 60
