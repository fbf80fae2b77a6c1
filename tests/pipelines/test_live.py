"""Live pipelines are read at the documented rates, and throttling fails nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipelines.live.calls import Calls, Pace, is_throttled
from pipelines.live.runs import longest_minutes


@dataclass
class Clock:
    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Service:
    """Answers, of which the first ``throttled`` are errors."""

    clock: Clock
    throttled: int = 0
    code: str = "ThrottlingException"
    called: list[tuple[str, float]] = field(default_factory=list)
    attempts: list[dict[str, str]] = field(default_factory=list)

    def __getattr__(self, method: str) -> Any:
        def call(**request: Any) -> Any:
            self.called.append((method, self.clock.now))
            if len(self.called) <= self.throttled:
                raise ClientError({"Error": {"Code": self.code}}, method)
            if method == "list_pipelines":
                more = request.get("marker") != "m"
                return {"pipelineIdList": [{"id": f"df-{more}"}], "hasMoreResults": more, "marker": "m"}
            if method == "query_objects":
                return {"ids": [f"@A_2026-11-{day:02}T00:00:00_Attempt=1" for day in range(1, 29)]}
            if method == "describe_objects":
                return {
                    "pipelineObjects": [
                        {
                            "id": "x",
                            "fields": [{"key": key, "stringValue": value} for key, value in each.items()],
                        }
                        for each in self.attempts
                    ]
                }
            return {"pipelineObjects": []}

        return call


def calls(service: Service) -> Calls:
    clock = service.clock
    return Calls(service, Pace(clock.time, clock.sleep))  # type: ignore[arg-type]


def test_each_operation_keeps_to_its_own_rate() -> None:
    service = Service(Clock())
    found = calls(service)
    for _ in range(4):
        found.definition("df-1")
        found.query("df-1", "ATTEMPT", 100)
    times = {method: [at for name, at in service.called if name == method] for method, _ in service.called}
    assert times["get_pipeline_definition"] == [0, 1, 2, 3]
    assert all(
        later - earlier >= 0.5
        for earlier, later in zip(times["query_objects"], times["query_objects"][1:], strict=False)
    )


def test_all_pages_are_listed() -> None:
    assert list(calls(Service(Clock())).pipelines()) == [("df-True", ""), ("df-False", "")]


def test_a_throttled_call_is_made_again_later_and_later() -> None:
    service = Service(Clock(), throttled=5)
    assert calls(service).definition("df-1") == {"pipelineObjects": []}
    assert sum(service.clock.slept) >= 1 + 2 + 4 + 8 + 16


def test_other_errors_are_raised_at_once() -> None:
    service = Service(Clock(), throttled=1, code="AccessDeniedException")
    with pytest.raises(ClientError):
        calls(service).definition("df-1")
    assert len(service.called) == 1


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ThrottlingException", 400, True),
        ("SomeThrottledError", 400, True),
        ("x", 429, True),
        ("x", 500, False),
    ],
)
def test_throttling_has_many_names(code: str, status: int, expected: bool) -> None:
    assert is_throttled(code, status) is expected


def test_the_longest_of_the_last_runs() -> None:
    def attempt(component: str, minutes: int, status: str = "FINISHED") -> dict[str, str]:
        return {
            "@componentParent": component,
            "@status": status,
            "@actualStartTime": "2026-11-01T00:00:00",
            "@actualEndTime": f"2026-11-01T00:{minutes:02}:00",
        }

    attempts = [
        attempt("A", 3),
        attempt("A", 7),
        attempt("A", 50, "FAILED"),
        attempt("B", 1),
        {"@status": "FINISHED"},
    ]
    service = Service(Clock(), attempts=attempts)
    found = longest_minutes(calls(service), "df-1", datetime(2026, 11, 27, tzinfo=UTC))
    assert found == {"A": 7.0, "B": 1.0}
    assert [name for name, _ in service.called] == ["query_objects", "describe_objects", "describe_objects"]
