"""RedshiftCopyActivity."""

from __future__ import annotations

from pipelines.checking import places
from pipelines.checking.advice import HANDLER_ERRORS
from pipelines.checking.databases import add_cluster
from pipelines.checking.subject import Subject
from pipelines.checking.verdict import Verdict
from redshift_copy.plan import Loading, Unloading
from runner.task import Task

_ROLE = "arn:aws:iam::111122223333:role/check"


def check(subject: Subject) -> None:
    """Its nodes, its options, and the cluster."""
    source, target = subject.reference("input"), subject.reference("output")
    if source is None or target is None:
        return
    table = target
    if source.type == "RedshiftDataNode" and target.type == "S3DataNode":
        table = source
        with subject.noting("output"):
            _unload(subject.task)
        places.add_nodes(subject, "output", subject.needs.copy_role)
    elif source.type in {"S3DataNode", "DynamoDBDataNode"} and target.type == "RedshiftDataNode":
        with subject.noting("input"):
            _load(subject.task)
        places.add_nodes(subject, "input", subject.needs.copy_role)
        if source.type == "DynamoDBDataNode":
            subject.needs.copy_role.add(f"dynamodb://{source.string('tableName', '')}")
    else:
        advice = HANDLER_ERRORS["UnsupportedCopy"]
        subject.say(
            advice.verdict,
            "input, output",
            f"from a {source.type} to a {target.type}: an S3DataNode or a DynamoDBDataNode can be copied "
            f"to a "
            "RedshiftDataNode, and a RedshiftDataNode to an S3DataNode",
            advice.page,
        )
        return
    database = subject.reference("database", table)
    if database is not None:
        field = "input → database" if table is source else "output → database"
        add_cluster(subject, field, database, subject.needs)
    places_used = ", ".join(sorted(subject.needs.copy_role)) or "the data"
    subject.say(
        Verdict.SETTINGS,
        "input, output",
        f"Amazon Redshift itself needs a role that may use {places_used} (copy_role_arn)",
        "docs/redshift-copy-activity.md",
    )


def _load(task: Task) -> None:
    """Raises FieldError, and TaskFailed."""
    load = Loading.of(task).load
    if not load.needs_catalog():
        load.statements(_ROLE)


def _unload(task: Task) -> None:
    """Raises FieldError, and TaskFailed."""
    Unloading.of(task).statement(_ROLE, [])
