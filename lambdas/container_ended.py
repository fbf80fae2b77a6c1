"""Ends a task's container for good, and gives RunTask its outcome.

Event from RunTask: ``{execution, task, error, cause, starts, looks, logGroup}``; ``task`` has the ids to log,
and ``error`` and ``cause`` say how RunTask left the container's states. Return value: a handler's (see
``runner/outcome.py``). It changes nothing if it is called again, so RunTask repeats it until it succeeds.

If RunTask has lost sight of a container that goes on, the outcome is deferred, and RunTask looks again later.

Event from EventBridge: an execution that was aborted, timed out or failed. Its container is no longer wanted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from container.ended import CANCELED, NOT_STARTED, Ending
from container.objects import TaskObjects
from container.stopped_task import StoppedTask
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

    Raises ContainerStopping while one still runs that is not to go on.
    """
    if "detail" in event:
        _abandon(event["detail"]["name"])
        return None
    ecs, execution = clients.ecs(), event["execution"]
    objects = _objects(execution)
    ending = Ending.of_event(event, objects.found())
    # The usual end needs no look at the cluster: the container has told its outcome, and ends by itself.
    if ending.found.outcome is None or ending.error == CANCELED:
        running = running_of(ecs, execution, ending.found.container)
        if ending.may_go_on and any(task.get("desiredStatus") != "STOPPED" for task in running):
            followed = [_id(task) for task in running]
            telemetry.logger.info(
                "Container followed", **event["task"], execution=execution, ecsTasks=followed
            )
            return ending.follow().as_response()
        stop(ecs, running)
        ending = Ending.of_event(event, objects.found())
    if not ending.taker_ended:
        ending = replace(ending, taker=_described(ecs, ending.found.container))
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
    ecs = clients.ecs()
    with suppress(ContainerStopping):
        stop(ecs, running_of(ecs, execution))


def _objects(execution: str) -> TaskObjects:
    return TaskObjects.of_execution(clients.s3(), CLAIMS_BUCKET, execution)


def running_of(ecs: ECSClient, execution: str, container: str = "") -> list[Mapping[str, Any]]:
    """What has not ended of ``execution``, whose name is the group of its ECS tasks.

    ``container`` has taken the task. It is looked at by itself, as ListTasks may not know it yet: it is
    eventually consistent.
    """
    running = [task for task in _running(ecs) if task.get("group") == execution]
    if container and all(_id(task) != container for task in running):
        running += [task for task in _taker(ecs, container) if task["lastStatus"] != "STOPPED"]
    return running


def stop(ecs: ECSClient, running: Sequence[Mapping[str, Any]]) -> None:
    """Stop these ECS tasks. Raises ContainerStopping if there are any, because they have not ended yet."""
    for task in running:
        if task.get("desiredStatus") != "STOPPED":
            ecs.stop_task(cluster=CLUSTER, task=task["taskArn"], reason=_REASON)
    if running:
        raise ContainerStopping(f"{len(running)} container(s) have not ended yet.")


def _described(ecs: ECSClient, container: str) -> StoppedTask | None:
    """The container that has taken a task; None if there is none, or Amazon ECS has forgotten it."""
    if not container:
        return None
    with suppress(*clients.aws_errors()):  # It only makes a better message.
        for task in _taker(ecs, container):
            return StoppedTask.of_description(task)
    return None


def _taker(ecs: ECSClient, container: str) -> Sequence[Mapping[str, Any]]:
    """The ECS task of that id; nothing if Amazon ECS does not know it."""
    try:
        return ecs.describe_tasks(cluster=CLUSTER, tasks=[container])["tasks"]
    except clients.aws_errors() as error:
        if clients.aws_error_code(error) != "InvalidParameterException":
            raise
        return []  # Where the container's metadata was out of reach, it took a name of its own.


def _id(task: Mapping[str, Any]) -> str:
    return str(task["taskArn"]).rpartition("/")[2]


def _running(ecs: ECSClient) -> Iterator[Mapping[str, Any]]:
    """The tasks of the cluster that have not stopped."""
    for status in _STATUSES:
        # A page has 100 tasks at most, and DescribeTasks takes as many (API Reference).
        for page in ecs.get_paginator("list_tasks").paginate(cluster=CLUSTER, desiredStatus=status):
            if page["taskArns"]:
                described = ecs.describe_tasks(cluster=CLUSTER, tasks=page["taskArns"])
                yield from (task for task in described["tasks"] if task["lastStatus"] != "STOPPED")
