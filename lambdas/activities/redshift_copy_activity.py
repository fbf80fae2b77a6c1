"""RedshiftCopyActivity."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace

from redshift_copy.plan import Loading, Unloading
from runner import Canceled, Deferred, Outcome, Task, TaskFailed, clients, task_handler
from runner.fields import PipelineObject
from sql import redshift

_LOOK_SECONDS = 5
_COPY_SECONDS = 20


@task_handler
def handler(task: Task) -> Outcome | None:
    """Look at the table if need be, then copy in one transaction: both deferred."""
    if task.state is None:
        return _begin(task)
    step, statement, region = (task.state[key] for key in ("step", "statement", "region"))
    if task.canceled:
        redshift.cancel(task, region, statement)
        return Canceled()
    if not redshift.has_finished(task, region, statement):
        return Deferred(task.state, _LOOK_SECONDS if step == "look" else _COPY_SECONDS)
    if step == "copy":
        return None
    records = _records(region, statement)
    if task.reference("input").type == "RedshiftDataNode":
        unloading = Unloading.of(task)
        return _copy(task, unloading.node, [unloading.statement(_role(), unloading.table.columns(records))])
    loading = Loading.of(task)
    load = loading.load.given(loading.load.table.answered(records))
    return _copy(task, loading.node, load.statements(_role()))


def _begin(task: Task) -> Outcome:
    source, target = task.reference("input"), task.reference("output")
    if source.type == "RedshiftDataNode" and target.type == "S3DataNode":
        unloading = Unloading.of(task)
        if unloading.text is None:
            return _copy(task, source, [unloading.statement(_role(), [])])
        unloading.statement(_role(), [])  # what cannot be done is told before anything starts
        return _start(task, "look", source, [unloading.table.columns_question()])
    if source.type not in {"S3DataNode", "DynamoDBDataNode"} or target.type != "RedshiftDataNode":
        raise TaskFailed(
            f"From a {source.type} to a {target.type}: an S3DataNode or a DynamoDBDataNode can be copied to "
            "a RedshiftDataNode, and a RedshiftDataNode to an S3DataNode.",
            error_id="UnsupportedCopy",
        )
    load = Loading.of(task).load
    if load.asks():
        return _start(task, "look", target, [load.table.question()])
    return _copy(task, target, load.statements(_role()))


def _copy(task: Task, node: PipelineObject, statements: Sequence[str]) -> Outcome:
    queue = [redshift.use_queue(task.string("queue"))] if "queue" in task else []
    return _start(task, "copy", node, [*queue, *statements])


def _start(task: Task, step: str, node: PipelineObject, statements: Sequence[str]) -> Outcome:
    """Start the statements. If the same task comes again, so does the same token, and nothing runs twice."""
    cluster = redshift.Cluster.of(task.reference("database", node))
    token = hashlib.sha256(f"{task.id}/{task.attempt_id}/{step}".encode()).hexdigest()
    cluster = replace(cluster, request={**cluster.request, "ClientToken": token})
    statement = cluster.run(statements, task.attempt_id)
    task.logger.info("Statement started", step=step, statement=statement, statements=len(statements))
    state = {"step": step, "statement": statement, "region": cluster.region}
    return Deferred(state, _LOOK_SECONDS if step == "look" else _COPY_SECONDS)


def _records(region: str | None, statement: str) -> Sequence[Sequence[object]]:
    try:
        pages = clients.redshift_data(region).get_paginator("get_statement_result").paginate(Id=statement)
        return [record for page in pages for record in page["Records"]]
    except clients.aws_errors() as error:
        raise redshift.not_done(error) from error


def _role() -> str:
    role = os.environ.get("COPY_ROLE_ARN", "")
    if not role:
        raise TaskFailed(
            "COPY_ROLE_ARN is not set: make the handler with redshift_copy(copy_role_arn=…) in app.py.",
            error_id="NoCopyRole",
        )
    return role
