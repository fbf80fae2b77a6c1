"""Ends a task's container for good, and gives RunTask its outcome.

Event: ``{execution, family, error, cause, starts}``; ``error`` and ``cause`` say how RunTask left the
container's states. Return value: a handler's (see ``runner/outcome.py``). It changes nothing if it is called
again, so RunTask repeats it until it succeeds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from container.ended import CANCELED, Ending
from container.objects import TaskObjects
from runner import clients, telemetry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_ecs import ECSClient

CLUSTER = os.environ["CLUSTER"]
CLAIMS_BUCKET = os.environ["CLAIMS_BUCKET"]

_AT_ONCE = 100
"""Tasks in a DescribeTasks (API Reference)."""


class ContainerStopping(Exception):
    """A container of the task has not ended yet. RunTask asks again."""


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """The outcome of a container that ended, could not be started, or is no longer wanted.

    Raises ContainerStopping while one still runs.
    """
    telemetry.count_cold_start()
    objects = TaskObjects.of_execution(clients.s3(), CLAIMS_BUCKET, event["execution"])
    canceled = event["error"] == CANCELED
    found = None if canceled else objects.found()
    if found is None or found.outcome is None:
        # The usual end, with an outcome, needs no look: the container has ended by itself.
        _stop_all(clients.ecs(), family=event["family"], execution=event["execution"])
        found = objects.found()
    ending = Ending(
        error=event["error"],
        cause=event["cause"],
        outcome=found.outcome,
        begun=found.begun,
        starts=event["starts"],
        log_group=event["logGroup"],
    )
    response = ending.judge()
    telemetry.logger.info(
        "Container ended",
        execution=event["execution"],
        task=ending.stopped and ending.stopped.id,
        reason=ending.stopped.words if ending.stopped else f"{event['error']}: {event['cause'][:1_000]}",
        begun=ending.begun,
        starts=ending.starts,
        outcome=response["status"],
        errorId=response.get("errorId"),
    )
    return response


def _stop_all(ecs: ECSClient, *, family: str, execution: str) -> None:
    """Stop what runs for ``execution``, whose name is the group of its ECS tasks."""
    running = [task for task in _running(ecs, family) if task.get("group") == execution]
    for task in running:
        if task.get("desiredStatus") != "STOPPED":
            ecs.stop_task(cluster=CLUSTER, task=task["taskArn"], reason="RunTask has ended this container.")
    if running:
        raise ContainerStopping(f"{len(running)} container(s) of {execution} have not ended yet.")


def _running(ecs: ECSClient, family: str) -> Iterator[Mapping[str, Any]]:
    """The tasks of ``family`` that have not stopped. Those that are stopping are listed as stopped too."""
    for status in ("RUNNING", "STOPPED"):
        for page in ecs.get_paginator("list_tasks").paginate(
            cluster=CLUSTER, family=family, desiredStatus=status, PaginationConfig={"PageSize": _AT_ONCE}
        ):
            if page["taskArns"]:
                described = ecs.describe_tasks(cluster=CLUSTER, tasks=page["taskArns"])
                yield from (task for task in described["tasks"] if task["lastStatus"] != "STOPPED")
