"""CopyActivity."""

from __future__ import annotations

from copying import with_tables
from copying.between_objects import ObjectCopy
from copying.s3_place import S3Place
from copying.sql_node import TYPES, SqlNode
from runner import Outcome, Task, TaskFailed, clients, task_handler
from runner.fields import PipelineObject


@task_handler
def handler(task: Task) -> Outcome | None:
    """Copy ``input`` to ``output``. Copying many objects within S3 may take several invocations."""
    task.check_canceled()
    source, target = (place_of(task, task.reference(field)) for field in ("input", "output"))
    if isinstance(source, SqlNode):
        if isinstance(target, SqlNode):
            with_tables.between_tables(task, source, target)
        else:
            with_tables.from_table(task, clients.s3(), source, target)
        return None
    if isinstance(target, SqlNode):
        with_tables.to_table(task, clients.s3(), source, target)
        return None
    return ObjectCopy(source, target).run(task, clients.s3())


def place_of(task: Task, node: PipelineObject) -> S3Place | SqlNode:
    """The node as a place to copy from or to. Raises FieldError, and TaskFailed."""
    if node.type == "S3DataNode":
        return S3Place.of(task, node)
    if node.type in TYPES:
        return SqlNode.of(task, node)
    raise TaskFailed(
        f"'{node.id}' is a {node.type}: CopyActivity knows S3DataNode, SqlDataNode and MySqlDataNode.",
        error_id="UnsupportedNode",
    )
