"""A Lambda environment for handlers, without AWS."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from runner import clients, telemetry
from runner.testing import FakeDataPipeline
from tests.unit.fake_s3 import FakeS3


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "TaskRunner")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "DataPipelineTaskRunner")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> FakeDataPipeline:
    fake = FakeDataPipeline()
    monkeypatch.setattr(clients, "data_pipeline", lambda: fake)
    return fake


@pytest.fixture
def log(aws_environment: None) -> Iterator[io.StringIO]:
    """The output of the function's logger."""
    stream = io.StringIO()
    (handler,) = telemetry.logger.handlers
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> FakeS3:
    fake = FakeS3()
    monkeypatch.setattr(clients, "s3", lambda: fake)
    return fake


@pytest.fixture
def poller_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that the stack sets for the poller."""
    environment = {
        "WORKER_GROUP": "etl",
        "PERIOD_SECONDS": "300",
        "POLL_TIMEOUT_SECONDS": "10",
        "POLL_HOLD_SECONDS": "90",
        "RUN_TASK_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:RunTask",
        "CLAIMS_BUCKET": "claims",
        "RUNNER_HOSTNAME": "runner",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
