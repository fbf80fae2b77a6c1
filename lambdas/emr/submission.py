"""Adds a step to a cluster at most once, and cancels what an earlier attempt has left there.

Amazon EMR API reference, AddJobFlowSteps, ListSteps and CancelSteps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from emr import calls
from emr.naming import Names
from emr.steps import Step
from runner.task import Task

if TYPE_CHECKING:
    from mypy_boto3_emr.literals import ActionOnFailureType, StepCancellationOptionType, StepStateType
    from mypy_boto3_emr.type_defs import StepSummaryTypeDef

ACTIVE: frozenset[StepStateType] = frozenset({"PENDING", "RUNNING", "CANCEL_PENDING"})
_CLOCKS_DIFFER = timedelta(hours=1)


def add(
    task: Task,
    cluster: str,
    step: Step,
    *,
    name: str,
    on_failure: ActionOnFailureType,
    changes: calls.Changes,
) -> str:
    """The id of the step of that name, which is added unless the cluster has it.

    Raises TooLateError, and errors of EMR.

    The next step of a task is added once this one has completed, because a cluster may run several steps at a
    time, and because EMR's other actions on failure end other tasks' steps, or the cluster.
    """
    for known in _since(task, cluster):
        if known["Name"] == name:
            task.logger.warning("Step found again", cluster=cluster, step=known["Id"], stepName=name)
            return known["Id"]
    added = changes.client().add_job_flow_steps(
        JobFlowId=cluster,
        Steps=[{"Name": name, "ActionOnFailure": on_failure, "HadoopJarStep": step.request}],
    )
    task.logger.info("Step added", cluster=cluster, step=added["StepIds"][0], stepName=name)
    return added["StepIds"][0]


def left_by_other_attempts(cluster: str, names: Names) -> list[str]:
    """The ids of steps of earlier attempts that wait or run. Raises errors of EMR."""
    return [step["Id"] for step in _active(cluster) if names.is_of_other_attempt(step["Name"])]


def own_active(cluster: str, names: Names) -> list[str]:
    """The ids of this task's steps that wait or run. Raises errors of EMR."""
    return [step["Id"] for step in _active(cluster) if names.is_own(step["Name"])]


def cancel(task: Task, cluster: str, steps: Sequence[str], option: StepCancellationOptionType) -> None:
    """Ask EMR to cancel the steps. Raises errors of EMR."""
    answer = calls.reading().cancel_steps(
        ClusterId=cluster, StepIds=list(steps), StepCancellationOption=option
    )
    for info in answer.get("CancelStepsInfoList", []):
        if info.get("Status") == "FAILED":
            task.logger.warning("Step not canceled", step=info.get("StepId"), error=info.get("Reason"))
    task.logger.info("Cancellation requested", cluster=cluster, steps=list(steps), option=option)


def _active(cluster: str) -> Iterator[StepSummaryTypeDef]:
    pages = calls.reading().get_paginator("list_steps")
    for page in pages.paginate(ClusterId=cluster, StepStates=sorted(ACTIVE)):
        yield from page["Steps"]


def _since(task: Task, cluster: str) -> Iterator[StepSummaryTypeDef]:
    """The cluster's steps since the task was received, the newest first, as ListSteps lists them."""
    for page in calls.reading().get_paginator("list_steps").paginate(ClusterId=cluster):
        for step in page["Steps"]:
            if step["Status"]["Timeline"]["CreationDateTime"] < task.received_at - _CLOCKS_DIFFER:
                return
            yield step
