"""The cluster of a task: the one that app.py names, or one that is started for tasks and terminated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from emr import calls
from emr.naming import Names
from emr.where import Where
from runner import clients
from runner.outcome import TaskFailed
from runner.task import Task

if TYPE_CHECKING:
    from mypy_boto3_emr.literals import ClusterStateType
    from mypy_boto3_emr.type_defs import ClusterSummaryTypeDef

_ALIVE: tuple[ClusterStateType, ...] = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")


def find_or_start(task: Task, where: Where, names: Names, changes: calls.Changes) -> str:
    """The id of the cluster. A transient one that does not exist yet is started.

    Raises TaskFailed if there is no cluster of the name, TooLateError, and errors of EMR.
    """
    if where.cluster:
        return where.cluster
    if where.transient is None:
        return _named(where.cluster_name)
    alive = list(_alive(task if where.idle_minutes is None else None))
    wanted = names.cluster if where.idle_minutes is None else _shared(task, where)
    found = [cluster for cluster in alive if cluster["Name"] == wanted]
    if found:
        # Two tasks may have started one each at the same moment: all use the older one.
        oldest = min(found, key=lambda cluster: cluster["Status"]["Timeline"]["CreationDateTime"])
        return oldest["Id"]
    if where.idle_minutes is None:
        for cluster in alive:
            if names.is_of_other_attempt(cluster["Name"]):
                terminate(cluster["Id"])
                task.logger.warning("Left cluster terminated", cluster=cluster["Id"])
    request: Any = {**where.transient, "Name": wanted}
    started = changes.client().run_job_flow(**request)["JobFlowId"]
    task.logger.info("Cluster started", cluster=started, clusterName=wanted)
    return started


def is_for_one_task(where: Where) -> bool:
    """Whether the cluster is terminated with the task."""
    return where.transient is not None and where.idle_minutes is None


def terminate(cluster: str) -> None:
    """Terminate it, with all its steps; nothing happens if it has ended. Raises errors of EMR."""
    calls.reading().terminate_job_flows(JobFlowIds=[cluster])


def own_clusters(task: Task, names: Names) -> list[str]:
    """The ids of clusters that were started for this task alone. Raises errors of EMR."""
    return [cluster["Id"] for cluster in _alive(task) if names.is_own(cluster["Name"])]


def describe(cluster: str) -> str:
    """The cluster's state, and the reason that EMR gives for it; empty if that cannot be learned."""
    try:
        found = calls.reading().describe_cluster(ClusterId=cluster)["Cluster"]
    except clients.aws_errors():
        return ""
    status = found["Status"]
    change = status.get("StateChangeReason", {})
    reason = ": ".join(text for text in (change.get("Code", ""), change.get("Message", "")) if text)
    return f"The cluster {cluster} is {status['State']}{f': {reason}' if reason else ''}."


def _named(name: str) -> str:
    found = [cluster["Id"] for cluster in _alive(None) if cluster["Name"] == name]
    if len(found) == 1:
        return found[0]
    problem = f"{len(found)} run ({', '.join(sorted(found))})" if found else "none runs"
    raise TaskFailed(
        f"A running cluster named '{name}' is expected, and {problem}. Start it, or name another.",
        error_id="NoSuchCluster",
    )


def _shared(task: Task, where: Where) -> str:
    return f"{where.shared_name} {task.worker_group}"[:256]


def _alive(task: Task | None) -> Iterator[ClusterSummaryTypeDef]:
    """Clusters that have not ended; with a task only those that may have been started for it."""
    more: Any = {}
    if task is not None:
        # Earlier attempts of the instance count too, and an attempt rarely lasts longer than a day.
        more["CreatedAfter"] = task.received_at - timedelta(days=2)
    pages = calls.reading().get_paginator("list_clusters")
    for page in pages.paginate(ClusterStates=list(_ALIVE), **more):
        yield from page["Clusters"]
