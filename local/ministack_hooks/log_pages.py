"""FilterLogEvents in pages, as in CloudWatch Logs: ministack returns only the first 10,000 events."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

PAGE_EVENTS = 10_000
"""API Reference, FilterLogEvents, limit."""

Answer = tuple[int, dict[str, str], bytes]
Operation = Callable[[dict[str, Any]], Answer]


def paged(filter_log_events: Operation) -> Operation:
    """``filter_log_events`` with ``nextToken``: the last event's time, and how many of it were given."""

    def answer(request: dict[str, Any]) -> Answer:
        at, given = _read_token(request.get("nextToken"))
        limit = min(request.get("limit") or PAGE_EVENTS, PAGE_EVENTS)
        # Events are ordered by time: the page begins with events of the same time that were given before.
        whole = {**request, "limit": PAGE_EVENTS, **({} if at is None else {"startTime": at})}
        status, headers, body = filter_log_events(whole)
        if status != 200:
            return status, headers, body
        content = json.loads(body)
        found = content["events"]
        page = found[given : given + limit]
        content["events"] = page
        if page and (len(found) == PAGE_EVENTS or len(found) > given + limit):
            content["nextToken"] = _token(page, at, given)
        return status, headers, json.dumps(content).encode()

    return answer


def _token(page: list[dict[str, Any]], at: int | None, given: int) -> str:
    last = page[-1]["timestamp"]
    of_that_time = sum(event["timestamp"] == last for event in page) + (given if last == at else 0)
    return base64.b64encode(f"{last} {of_that_time}".encode()).decode()


def _read_token(token: str | None) -> tuple[int | None, int]:
    try:
        at, given = base64.b64decode(token or "", validate=True).split()
        return int(at), int(given)
    except (binascii.Error, ValueError):
        return None, 0
