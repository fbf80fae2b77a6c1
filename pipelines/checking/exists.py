"""Exists."""

from __future__ import annotations

from pipelines.checking import places
from pipelines.checking.databases import ENGINES, add_server, offline
from pipelines.checking.subject import Subject
from pipelines.checking.verdict import Verdict
from runner.task import Task

_PAGE = "docs/shell-commands.md#shellcommandprecondition-and-exists"


def check(subject: Subject) -> None:
    """The node that it looks for."""
    node = subject.reference("node")
    if node is None:
        return
    if node.type == "S3DataNode":
        places.add_nodes(subject, "node", subject.needs.read)
        if subject.needs.read:
            shown = ", ".join(sorted(subject.needs.read))
            subject.say(
                Verdict.SETTINGS, "node", f"app.py has to grant reading {shown}, with s3_access", _PAGE
            )
    elif node.type == "DynamoDBDataNode":
        with subject.noting("node"):
            table = node.string("tableName")
            resource = f"arn:aws:dynamodb:*:*:table/{table}"
            subject.needs.actions.setdefault(resource, set()).add("dynamodb:DescribeTable")
            subject.say(
                Verdict.SETTINGS, "node", f"app.py has to grant dynamodb:DescribeTable on '{table}'", _PAGE
            )
    elif node.type in {"SqlDataNode", "MySqlDataNode"}:
        _table(subject)
    else:
        subject.say(
            Verdict.IMPOSSIBLE,
            "node",
            f"'{node.id}' is a {node.type}, which Exists does not know: a ShellCommandPrecondition can "
            f"look for it",
            _PAGE,
        )


def _table(subject: Subject) -> None:
    from copying.sql_node import SqlNode

    def read(task: Task) -> None:
        SqlNode.of(task, task.reference("node"))

    best_of_engines(subject, "node", read)
    add_databases(subject, "node")


def best_of_engines(subject: Subject, field: str, read: object) -> None:
    """Take what ``read`` raises for a task, for the engine for which that is the least."""
    before = list(subject.reasons)
    found = []
    for engine in ENGINES:
        subject.reasons = []
        with subject.noting(field):
            read(offline(subject.task, engine))  # type: ignore[operator]
        found.append(subject.reasons)
    subject.reasons = before
    for reason in min(found, key=lambda reasons: max((one.asks_for for one in reasons), default=0)):
        if reason not in subject.reasons:
            subject.reasons.append(reason)


def add_databases(subject: Subject, field: str) -> None:
    """Add what app.py needs for the database of the nodes that a field refers to."""
    with subject.noting(field):
        for node in subject.task.references(field):
            if node.type in {"SqlDataNode", "MySqlDataNode"}:
                databases = subject.task.references("database", of=node) or [node]
                for database in databases:
                    add_server(subject, f"{field} → database", database)
