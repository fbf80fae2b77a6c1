"""CopyActivity."""

from __future__ import annotations

from activities.copy_activity import place_of
from copying import with_tables
from copying.between_objects import ObjectCopy
from copying.insert_query import InsertQuery
from copying.s3_place import S3Place
from copying.sql_node import SqlNode
from pipelines.checking import places
from pipelines.checking.exists import add_databases, best_of_engines
from pipelines.checking.subject import Subject
from runner.task import Task


def check(subject: Subject) -> None:
    """Its nodes, their formats and databases, and its statements."""
    nodes = [subject.reference(field) for field in ("input", "output")]
    if None in nodes:
        return
    best_of_engines(subject, "input, output", _read)
    places.add_nodes(subject, "input", subject.needs.read)
    places.add_nodes(subject, "output", subject.needs.write)
    for field in ("input", "output"):
        add_databases(subject, field)


def _read(task: Task) -> None:
    """As the handler does, up to the first byte. Raises FieldError, and TaskFailed."""
    source, target = (place_of(task, task.reference(field)) for field in ("input", "output"))
    if isinstance(target, SqlNode):
        if target.insert:
            InsertQuery.parse(target.insert, target.server.engine)
    elif isinstance(source, SqlNode):
        with_tables.object_for(task, target)
    elif isinstance(source, S3Place):
        copy = ObjectCopy(source, target)
        if source.node.file is not None:
            copy.target_of(source.node.file, source.node.file.key.rpartition("/")[2])
