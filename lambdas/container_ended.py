"""Ends a task's container for good, and gives RunTask its outcome.

Event from RunTask: ``{execution, task, error, cause, starts, logGroup}``; ``task`` has the ids to log, and
``error`` and ``cause`` say how RunTask left the container's states. Return value: a handler's (see
``runner/outcome.py``). It changes nothing if it is called again, so RunTask repeats it until it succeeds.

Event from EventBridge: an execution that was aborted, timed out or failed. Its container is no longer wanted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from container.ended import CANCELED, NOT_STARTED, Ending
from container.objects import Found, TaskObjects
from runner import clients, telemetry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.literals import DesiredStatusType

CLUSTER = os.environ["CLUSTER"]
CLAIMS_BUCKET = os.environ["CLAIMS_BUCKET"]

_REASON = "RunTask has ended this container."
_STATUSES: tuple[DesiredStatusType, ...] = ("RUNNING", "STOPPED")
"""A task that is stopping is listed as stopped."""


class ContainerStopping(Exception):
    """A container of the task has not ended yet: ask again."""


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any] | None:  # noqa: ARG001 - Lambda's signature
    """The outcome of a container that ended, could not be started, or is no longer wanted.

    Raises ContainerStopping while one still runs.
    """
    if "detail" in event:
        _abandon(event["detail"]["name"])
        return None
    ending = Ending.of_event(event, _found(event))
    response = ending.judge()
    stopped = ending.stopped
    if response["status"] == "DEFERRED" or response.get("errorId") == NOT_STARTED:
        telemetry.emit({"ContainersNotStarted": 1})
    telemetry.logger.info(
        "Container ended",
        **event["task"],
        execution=event["execution"],
        ecsTask=stopped.id if stopped else None,
        reason=stopped.words if stopped else f"{ending.error}: {ending.cause[:1_000]}",
        begun=ending.found.begun,
        starts=ending.starts,
        outcome=response["status"],
        errorId=response.get("errorId"),
    )
    return response


def _abandon(execution: str) -> None:
    """Stop the container of an execution that has ended. Nobody waits for it any more."""
    # One that is still to start finds the task taken.
    _objects(execution).begin("nobody")
    with suppress(ContainerStopping):
        stop_all(clients.ecs(), execution)


def _found(event: Mapping[str, Any]) -> Found:
    """What the container has written, once none runs any more."""
    objects = _objects(event["execution"])
    if event["error"] != CANCELED:
        found = objects.found()
        if found.outcome is not None:  # The usual end, which needs no look: the container ends by itself.
            return found
    stop_all(clients.ecs(), event["execution"])
    return objects.found()


def _objects(execution: str) -> TaskObjects:
    return TaskObjects.of_execution(clients.s3(), CLAIMS_BUCKET, execution)


def stop_all(ecs: ECSClient, execution: str) -> None:
    """Stop what runs for ``execution``, whose name is the group of its ECS tasks.

    Raises ContainerStopping until they have ended.
    """
    running = [task for task in _running(ecs) if task.get("group") == execution]
    for task in running:
        if task.get("desiredStatus") != "STOPPED":
            ecs.stop_task(cluster=CLUSTER, task=task["taskArn"], reason=_REASON)
    if running:
        raise ContainerStopping(f"{len(running)} container(s) of {execution} have not ended yet.")


def _running(ecs: ECSClient) -> Iterator[Mapping[str, Any]]:
    """The tasks of the cluster that have not stopped."""
    for status in _STATUSES:
        # A page has 100 tasks at most, and DescribeTasks takes as many (API Reference).
        for page in ecs.get_paginator("list_tasks").paginate(cluster=CLUSTER, desiredStatus=status):
            if page["taskArns"]:
                described = ecs.describe_tasks(cluster=CLUSTER, tasks=page["taskArns"])
                yield from (task for task in described["tasks"] if task["lastStatus"] != "STOPPED")
