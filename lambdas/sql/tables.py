"""Creates tables with ``createTableSql`` of data nodes."""

from __future__ import annotations

from collections.abc import Iterable

from runner.fields import PipelineObject
from runner.outcome import TaskFailed
from sql.session import Session


def create_missing_tables(session: Session, nodes: Iterable[PipelineObject]) -> list[str]:
    """Run ``createTableSql`` of each node whose table does not exist. Returns the ids of these nodes.

    Task Runner does so as well (developer guide, RedshiftDataNode). Raises FieldError, and TaskFailed.
    """
    created = []
    for node in nodes:
        if "createTableSql" not in node:
            continue
        table = node.string("tableName" if "tableName" in node else "table")
        if session.table_exists(table, node.string("schemaName", "")):
            continue
        try:
            session.run(node.string("createTableSql"))
        except TaskFailed as error:
            problem = f"Object '{node.id}', field 'createTableSql': {error}"
            raise TaskFailed(problem, error_id=error.error_id) from error
        created.append(node.id)
    return created
