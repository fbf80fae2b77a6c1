"""Exists: whether the precondition's data node exists."""

from __future__ import annotations

from data_nodes.s3_data_node import S3DataNode
from runner import NotMet, Outcome, Task, TaskFailed, clients, task_handler
from runner.fields import PipelineObject


@task_handler
def handler(task: Task) -> Outcome | None:
    """FINISHED if the node exists, otherwise FALSE. FAILED only if that cannot be determined."""
    node = task.reference("node")
    try:
        found = exists(task, node)
    except clients.aws_errors() as error:
        raise TaskFailed(
            f"Whether '{node.id}' exists could not be found out: {error}. The handler may do what "
            "`statements` of exists(...) in app.py grant: see s3_access.",
            error_id="ExistsNotChecked",
        ) from error
    task.logger.info("Checked", node=node.id, exists=found)
    return None if found else NotMet()


def exists(task: Task, node: PipelineObject) -> bool:
    """Whether the node's data exists. Raises FieldError, and TaskFailed if that cannot be determined."""
    if node.type == "S3DataNode":
        return S3DataNode.of(node).exists(clients.s3())
    if node.type == "DynamoDBDataNode":
        return _dynamodb_table_exists(node)
    if node.type in {"SqlDataNode", "MySqlDataNode"}:
        return _sql_table_exists(task, node)
    raise TaskFailed(
        f"'{node.id}' is a {node.type}: Exists knows S3DataNode, DynamoDBDataNode, SqlDataNode and "
        "MySqlDataNode. A ShellCommandPrecondition can look for anything else.",
        error_id="UnsupportedNode",
    )


def _dynamodb_table_exists(node: PipelineObject) -> bool:
    client = clients.dynamodb(node.string("region", "") or None)
    try:
        status = client.describe_table(TableName=node.string("tableName"))["Table"].get("TableStatus")
    except client.exceptions.ResourceNotFoundException:
        return False
    return status in {"ACTIVE", "UPDATING"}


def _sql_table_exists(task: Task, node: PipelineObject) -> bool:
    # Other nodes need no drivers, so they are not imported at module level.
    from copying.sql_node import SqlNode
    from sql.connect import open_session
    from sql.session import ended_with

    table = SqlNode.of(task, node)
    session = open_session(table.server)
    with ended_with(task, session):
        return session.table_exists(table.table, table.schema)
