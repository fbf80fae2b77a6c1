"""Handlers that do nothing, so that what is measured is what runs them."""

import functools
import time
from typing import Any

from runner import Deferred, Outcome, Task, task_handler


@functools.cache
def _data_pipeline() -> Any:
    import boto3  # not needed by the others
    from botocore.config import Config

    return boto3.client("datapipeline", config=Config(read_timeout=95))


def polls(event: dict[str, str], context: object) -> object:  # noqa: ARG001
    """One poll: the task."""
    return _data_pipeline().poll_for_task(workerGroup=event["workerGroup"], hostname="bench")["taskObject"]


@task_handler
def nothing(task: Task) -> None:
    """Done at once."""


@task_handler
def defers(task: Task) -> Outcome | None:
    """Done the second time."""
    return None if task.state else Deferred({"calls": 1}, wait_seconds=1)


def tells_when(event: object, context: object) -> dict[str, object]:  # noqa: ARG001 - Lambda's signature
    """Done at once, by a bare function; says when it was called, in seconds since 1970."""
    return {"status": "FINISHED", "calledAt": time.time()}
