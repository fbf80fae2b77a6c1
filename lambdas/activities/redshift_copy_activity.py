"""RedshiftCopyActivity."""

from __future__ import annotations

import os
from collections.abc import Sequence

from redshift_copy.plan import Loading, Unloading
from runner import Deferred, Outcome, Task, TaskFailed, task_handler
from runner.fields import PipelineObject
from runner.versions import known_state, versioned
from sql import redshift_statement
from sql.redshift import Cluster

_WAIT_SECONDS = {"look": 5, "copy": 20}
"""By the step: ``look`` reads the catalog, ``copy`` moves the rows."""


@task_handler
def handler(task: Task) -> Outcome | None:
    """Look at the table if need be, then copy in one transaction. Both steps are deferred."""
    if task.state is None:
        return _begin(task)
    step = known_state(task.state)["step"]
    unfinished = redshift_statement.look(task, wait_seconds=_WAIT_SECONDS[step])
    if unfinished is not None or step == "copy":
        return unfinished
    records = redshift_statement.records(task)
    if task.reference("input").type == "RedshiftDataNode":
        unloading = Unloading.of(task)
        columns = unloading.table.columns_from(records)
        return _copy(task, unloading.node, [unloading.statement(_role(), columns)])
    loading = Loading.of(task)
    load = loading.load.with_table(loading.load.table.with_key(records))
    return _copy(task, loading.node, load.statements(_role()))


def _begin(task: Task) -> Outcome:
    source, target = task.reference("input"), task.reference("output")
    if source.type == "RedshiftDataNode" and target.type == "S3DataNode":
        unloading = Unloading.of(task)
        if unloading.text_format is None:
            return _copy(task, source, [unloading.statement(_role(), [])])
        unloading.statement(_role(), [])  # Report what cannot be done before anything starts.
        return _start(task, "look", source, [unloading.table.columns_query()])
    if source.type not in {"S3DataNode", "DynamoDBDataNode"} or target.type != "RedshiftDataNode":
        raise TaskFailed(
            f"From a {source.type} to a {target.type}: an S3DataNode or a DynamoDBDataNode can be copied to "
            "a RedshiftDataNode, and a RedshiftDataNode to an S3DataNode.",
            error_id="UnsupportedCopy",
        )
    load = Loading.of(task).load
    if load.needs_catalog():
        return _start(task, "look", target, [load.table.key_query()])
    return _copy(task, target, load.statements(_role()))


def _copy(task: Task, node: PipelineObject, statements: Sequence[str]) -> Outcome:
    return _start(task, "copy", node, redshift_statement.in_queue(task, statements))


def _start(task: Task, step: str, node: PipelineObject, statements: Sequence[str]) -> Outcome:
    cluster = Cluster.of(task.reference("database", node))
    statement = redshift_statement.start(task, cluster, statements, step=step)
    task.logger.info("Statement started", step=step, statement=statement, statements=len(statements))
    state = versioned({"step": step, "statement": statement, "region": cluster.region})
    return Deferred(state, _WAIT_SECONDS[step])


def _role() -> str:
    role = os.environ.get("COPY_ROLE_ARN", "")
    if not role:
        raise TaskFailed(
            "COPY_ROLE_ARN is not set: make the handler with redshift_copy(copy_role_arn=…) in app.py.",
            error_id="NoCopyRole",
        )
    return role
