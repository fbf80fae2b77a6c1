"""RedshiftCopyActivity."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from redshift_copy.load import InsertMode, Load, check_name, columns_of, transform_of
from redshift_copy.options import command_options, format_options, unload_format_options
from redshift_copy.source import Source
from redshift_copy.table import Table
from redshift_copy.unload import unload
from runner import Canceled, Deferred, Outcome, Task, TaskFailed, clients, task_handler
from runner.fields import FieldError, PipelineObject
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
    node = task.reference("output")
    load = _load(task, task.reference("input"), node)
    return _copy(task, node, load.given(load.table.answered(_records(region, statement))).statements(_role()))


def _begin(task: Task) -> Outcome:
    source, target = task.reference("input"), task.reference("output")
    if source.type == "RedshiftDataNode" and target.type == "S3DataNode":
        return _copy(task, source, [_unload(task, source, target)])
    if source.type not in {"S3DataNode", "DynamoDBDataNode"} or target.type != "RedshiftDataNode":
        raise TaskFailed(
            f"From a {source.type} to a {target.type}: an S3DataNode or a DynamoDBDataNode can be copied to "
            "a RedshiftDataNode, and a RedshiftDataNode to an S3DataNode.",
            error_id="UnsupportedCopy",
        )
    load = _load(task, source, target)
    if load.asks():
        return _start(task, "look", target, [load.table.question()])
    return _copy(task, target, load.statements(_role()))


def _load(task: Task, source: PipelineObject, target: PipelineObject) -> Load:
    table, transform = Table.of(target), transform_of(task.attempt)
    check_name(target, table)
    return Load(
        table,
        InsertMode.of(task.attempt),
        Source.of(source),
        _options(task, source, target, format_options),
        transform,
        columns_of(_format(task, source)) if transform else (),
    )


def _unload(task: Task, source: PipelineObject, target: PipelineObject) -> str:
    InsertMode.of(task.attempt)  # a value that is not known is an error, though an unload has no use for it
    if "transformSql" in task:
        raise FieldError(task.attempt_id, "transformSql", "it is of copies to Amazon Redshift")
    return unload(Table.of(source), target, _options(task, source, target, unload_format_options), _role())


def _options(
    task: Task, source: PipelineObject, target: PipelineObject, of: Callable[[PipelineObject], list[str]]
) -> list[str]:
    """Those of the data format. Only if neither node has one, commandOptions (developer guide)."""
    given = command_options(task.attempt)
    found = [named for named in (_format(task, source), _format(task, target)) if named is not None]
    if not found:
        return given
    if given:
        task.logger.warning("Command options not used", dataFormat=found[0].id)
    return of(found[0])


def _format(task: Task, node: PipelineObject) -> PipelineObject | None:
    return task.reference("dataFormat", node) if "dataFormat" in node else None


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
        return clients.redshift_data(region).get_statement_result(Id=statement)["Records"]
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
