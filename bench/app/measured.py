"""Handlers that do nothing, so that only what runs them is measured."""

import functools
import time
from typing import Any

from runner import Deferred, Outcome, Task, task_handler


@functools.cache
def _data_pipeline() -> Any:
    import boto3  # only this handler needs it
    from botocore.config import Config

    return boto3.client("datapipeline", config=Config(read_timeout=95))


def polls(event: dict[str, str], context: object) -> object:  # noqa: ARG001
    """Poll once and return the task."""
    return _data_pipeline().poll_for_task(workerGroup=event["workerGroup"], hostname="bench")["taskObject"]


@task_handler
def nothing(task: Task) -> None:
    """Finish at once."""


@task_handler
def defers(task: Task) -> Outcome | None:
    """Finish at the second call."""
    return None if task.state else Deferred({"calls": 1}, wait_seconds=1)


def tells_when(event: object, context: object) -> dict[str, object]:  # noqa: ARG001 - Lambda's signature
    """Finish at once, without the runner. Returns when it was called, in seconds since 1970."""
    return {"status": "FINISHED", "calledAt": time.time()}
