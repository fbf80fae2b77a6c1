"""The places in S3 that nodes and fields name, for ``s3_access``."""

from __future__ import annotations

from collections.abc import Callable, Collection

from data_nodes.s3_data_node import S3DataNode
from data_nodes.s3_uri import S3Uri
from pipelines.checking.subject import Subject, common_prefix
from pipelines.checking.verdict import Verdict
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed
from runner.task import Task

Place = Callable[[Task], S3Uri | None]
"""Where a task reads or writes."""

_ANYWHERE = "the bucket is known only when it runs: grant it in app.py yourself, with s3_access"


def add(subject: Subject, field: str, place: Place, into: set[str]) -> None:
    """Add what ``place`` says of both runs. Says so if even the bucket is not certain."""
    found = _of(place, subject.task)
    if found is None:
        return
    other = _of(place, subject.other) if subject.other is not None else found
    prefix = common_prefix(found, other or found)
    if prefix:
        into.add(prefix)
    else:
        subject.say(Verdict.SETTINGS, field, _ANYWHERE, "docs/shell-commands.md#what-a-command-may-do-on-aws")


def of_field(name: str) -> Place:
    """The place that a field of the activity names."""
    return lambda task: S3Uri.parse(task.string(name, ""))


def of_node(field: str, index: int) -> Place:
    """The place of one of the nodes that a field refers to."""
    return lambda task: node_place(S3DataNode.of(task.references(field)[index]))


def node_place(node: S3DataNode) -> S3Uri | None:
    """The object, the directory or the manifest."""
    return node.manifest or node.file or node.directory


def add_nodes(
    subject: Subject, field: str, into: set[str], *, types: Collection[str] = ("S3DataNode",)
) -> None:
    """Add the places of all S3DataNodes that a field refers to."""
    with subject.noting(field):
        for index, node in enumerate(subject.task.references(field)):
            if node.type in types:
                add(subject, field, of_node(field, index), into)
                _manifest(subject, field, node)


def _manifest(subject: Subject, field: str, node: PipelineObject) -> None:
    if "manifestFilePath" in node:
        subject.say(
            Verdict.SETTINGS,
            f"{field} → manifestFilePath",
            "grant the objects that the manifest lists too, with s3_access",
            "docs/shell-commands.md#staging",
        )


def _of(place: Place, task: Task) -> str | None:
    try:
        found = place(task)
    except (FieldError, TaskFailed, IndexError):
        return None
    return None if found is None else str(found)
