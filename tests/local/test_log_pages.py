"""FilterLogEvents in pages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.ministack_hooks import log_pages
from local.ministack_hooks.log_pages import paged


def events_by_page(times: list[int], limit: int | None) -> list[list[int]]:
    """The numbers of the events on each page. ``times`` are the events' times, in order."""
    events = [{"timestamp": at, "message": number} for number, at in enumerate(times)]

    def filter_log_events(request: dict[str, Any]) -> Any:
        found = [event for event in events if event["timestamp"] >= request.get("startTime", 0)]
        return 200, {}, json.dumps({"events": found[: request["limit"]]}).encode()

    operation = paged(filter_log_events)
    pages, token = [], None
    while True:
        request = {"limit": limit} if limit else {}
        _, _, body = operation(request if token is None else {**request, "nextToken": token})
        answer = json.loads(body)
        pages.append([event["message"] for event in answer["events"]])
        token = answer.get("nextToken")
        if token is None:
            return pages


@pytest.mark.parametrize("limit", [None, 1, 2, 3, 5])
@pytest.mark.parametrize("times", [[], [1], [1, 2, 3], [1, 1, 1, 1], [1, 1, 2, 2, 2, 3], list(range(12))])
def test_each_event_is_on_one_page(
    times: list[int], limit: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_pages, "PAGE_EVENTS", 5)
    pages = events_by_page(times, limit)
    assert [number for page in pages for number in page] == list(range(len(times)))
    assert all(len(page) <= min(limit or 5, 5) for page in pages)


def test_an_error_is_handed_on() -> None:
    assert paged(lambda request: (400, {}, b"{}"))({})[0] == 400
