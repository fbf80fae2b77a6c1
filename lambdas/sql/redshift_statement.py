"""Statements on Amazon Redshift for a task: started, looked at later, and canceled with the task.

The Redshift Data API runs them while no function waits. Amazon Redshift Data API reference,
BatchExecuteStatement and DescribeStatement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runner import clients
from runner.outcome import Canceled, Deferred, Outcome, TaskFailed
from runner.task import Task
from runner.versions import known_state
from sql.jdbc import Engine
from sql.redshift import Cluster
from sql.script import literal

MAX_STATEMENTS = 40

_FINAL = {"AccessDeniedException", "ResourceNotFoundException", "ValidationException"}


def start(task: Task, cluster: Cluster, statements: Sequence[str], *, step: str) -> str:
    """Start the statements, as one transaction if there are several. Returns the id of what runs.

    ``step`` names the task's step that they belong to. If the same step of the same task is started again,
    the Data API gets the same ClientToken, and runs nothing twice. Raises TaskFailed.
    """
    if len(statements) > MAX_STATEMENTS:
        raise TaskFailed(
            f"The script has {len(statements)} statements, with that for 'queue'. A batch of the "
            f"Redshift Data API, which is one transaction, has {MAX_STATEMENTS} at most: make a stored "
            "procedure of it, or several activities.",
            error_id="TooManyStatements",
        )
    request: dict[str, Any] = {
        **cluster.request,
        "StatementName": task.attempt_id[:500],
        "ClientToken": _client_token(task, step),
    }
    try:
        client = clients.redshift_data(cluster.region)
        if len(statements) == 1:
            return client.execute_statement(Sql=statements[0], **request)["Id"]
        return client.batch_execute_statement(Sqls=list(statements), **request)["Id"]
    except clients.aws_errors() as error:
        raise _refused(error) from error


def _client_token(task: Task, step: str) -> str:
    import hashlib  # Scripts on other databases do not need it.

    return hashlib.sha256(f"{task.id}/{task.attempt_id}/{step}".encode()).hexdigest()


def in_queue(task: Task, statements: Sequence[str]) -> list[str]:
    """The statements, after one that selects the task's ``queue`` if it has that field.

    Amazon Redshift developer guide, query_group.
    """
    if "queue" not in task:
        return list(statements)
    return [f"SET query_group TO {literal(task.string('queue'), Engine.REDSHIFT)}", *statements]


def look(task: Task, *, wait_seconds: int) -> Outcome | None:
    """What became of the statement in ``task.state``: None once it has finished successfully.

    Deferred while it runs. If the task is canceled, the statement is canceled as well. Raises TaskFailed if
    it failed.
    """
    state = known_state(task.state)
    statement, region = state["statement"], state["region"]
    if task.canceled:
        _cancel(task, region, statement)
        return Canceled()
    if not _has_finished(task, region, statement):
        return Deferred(task.state, wait_seconds)
    return None


def records(task: Task) -> Sequence[Sequence[Any]]:
    """The records that the statement in ``task.state`` returned. Raises TaskFailed."""
    try:
        client = clients.redshift_data(task.state["region"])
        pages = client.get_paginator("get_statement_result").paginate(Id=task.state["statement"])
        return [record for page in pages for record in page["Records"]]
    except clients.aws_errors() as error:
        raise _refused(error) from error


def _has_finished(task: Task, region: str | None, statement: str) -> bool:
    """Whether it finished successfully; False while it runs. Raises TaskFailed if it failed."""
    try:
        described = clients.redshift_data(region).describe_statement(Id=statement)
    except clients.aws_errors() as error:
        if clients.aws_error_code(error) in _FINAL:
            raise _refused(error) from error
        # The statement runs on, whether we see it or not: the next look may succeed.
        task.logger.warning("Statement not looked at", statement=statement, error=str(error))
        return False
    if described["Status"] in {"FAILED", "ABORTED"}:
        raise TaskFailed(_failure(described), error_id="StatementFailed")
    return described["Status"] == "FINISHED"


def _cancel(task: Task, region: str | None, statement: str) -> None:
    """Cancel it. A statement that has already ended stays as it is."""
    try:
        clients.redshift_data(region).cancel_statement(Id=statement)
    except clients.aws_errors() as error:
        task.logger.warning("Statement not canceled", statement=statement, error=str(error))


def _refused(error: Exception) -> TaskFailed:
    """The Data API refused a call."""
    return TaskFailed(
        f"The Redshift Data API refuses: {error}. The handler may use what its `redshift` in app.py names; "
        "in a VPC, it has to reach the Redshift Data API.",
        error_id="RedshiftDataRefused",
    )


def _failure(described: Any) -> str:
    """Which statement failed, and why. Redshift's error text contains the position."""
    failed = [
        (number, part)
        for number, part in enumerate(described.get("SubStatements", ()), 1)
        if part.get("Error")
    ]
    where = ""
    if failed:
        number, part = failed[0]
        where = (
            f"Statement {number} of the batch: {part['Error']} In: {part.get('QueryString', '')[:500]!r}. "
        )
    reason = described.get("Error") or "no reason is given"
    return f"{where}The statement {described['Id']} is {described['Status']}: {reason}"
