"""A Lambda environment for the handlers' modules, without AWS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from runner import clients


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "TaskRunner")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "DataPipelineTaskRunner")


@dataclass
class FakeContext:
    """Lambda's context object, as far as handlers use it."""

    seconds: float = 60.0
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


@dataclass
class FakeDataPipeline:
    """The service's runner half: counts what it is told, and answers as it is set to."""

    canceled: bool = False
    progress_error: str = ""
    progress: list[str] = field(default_factory=list)
    described: list[dict[str, Any]] = field(default_factory=list)

    def report_task_progress(self, taskId: str) -> dict[str, bool]:  # noqa: N803 - the API's own name
        self.progress.append(taskId)
        if self.progress_error:
            raise ClientError({"Error": {"Code": self.progress_error}}, "ReportTaskProgress")
        return {"canceled": self.canceled}

    def get_paginator(self, operation: str) -> FakeDataPipeline:
        assert operation == "describe_objects"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        assert request["evaluateExpressions"]
        ids = request["objectIds"]
        yield {"pipelineObjects": [one for one in self.described if one["id"] in ids]}

    def evaluate_expression(self, **request: str) -> dict[str, str]:
        return {"evaluatedExpression": f"{request['objectId']}: {request['expression']}"}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> FakeDataPipeline:
    fake = FakeDataPipeline()
    monkeypatch.setattr(clients, "data_pipeline", lambda: fake)
    return fake
