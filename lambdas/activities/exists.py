"""Exists: whether the data node that the precondition guards is there."""

from __future__ import annotations

from data_nodes.s3_data_node import S3DataNode
from runner import NotMet, Outcome, Task, TaskFailed, clients, task_handler
from runner.fields import PipelineObject


@task_handler
def handler(task: Task) -> Outcome | None:
    """FINISHED if the node exists, else FALSE. FAILED only if that cannot be found out."""
    node = task.reference("node")
    try:
        found = exists(node)
    except clients.aws_errors() as error:
        raise TaskFailed(
            f"Whether '{node.id}' exists could not be found out: {error}. The handler may do what "
            "`statements` of exists(...) in app.py grant: see s3_access.",
            error_id="ExistsNotChecked",
        ) from error
    task.logger.info("Checked", node=node.id, exists=found)
    return None if found else NotMet()


def exists(node: PipelineObject) -> bool:
    """Whether what the node stands for is there. Raises TaskFailed for a type that is not known."""
    if node.type == "S3DataNode":
        return S3DataNode.of(node).exists(clients.s3())
    if node.type == "DynamoDBDataNode":
        return _table_exists(node)
    raise TaskFailed(
        f"'{node.id}' is a {node.type}: Exists knows S3DataNode and DynamoDBDataNode. A "
        "ShellCommandPrecondition can look for anything else.",
        error_id="UnsupportedNode",
    )


def _table_exists(node: PipelineObject) -> bool:
    client = clients.dynamodb(node.string("region", "") or None)
    try:
        status = client.describe_table(TableName=node.string("tableName"))["Table"].get("TableStatus")
    except client.exceptions.ResourceNotFoundException:
        return False
    return status in {"ACTIVE", "UPDATING"}
