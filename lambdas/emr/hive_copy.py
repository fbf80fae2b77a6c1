"""The steps of a HiveCopyActivity: items of DynamoDB to S3, from S3, or to another table.

Developer guide, HiveCopyActivity and DynamoDBExportDataFormat. An item is one value of the Hive type
MAP<STRING,STRING>, whose values are typed attributes as JSON, such as ``{"n":"5"}``. In this form EMR's
connector gives and takes whole items (EMR release guide, "Hive commands for DynamoDB").
"""

from __future__ import annotations

from dataclasses import dataclass

from data_nodes.s3_data_node import S3DataNode
from emr import hiveql
from emr.dynamodb_types import extracted
from emr.hive import table_name
from emr.hive_program import hive_step
from emr.hive_tables import EXPORT_FORMAT, Table, dynamodb_table, export_table
from emr.steps import Step
from emr.task_config import around
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed
from runner.task import Task


@dataclass(frozen=True)
class HiveCopy:
    """A HiveCopyActivity as plain data."""

    before: tuple[str, ...]
    statement: str
    after: tuple[str, ...]


def steps_of(task: Task) -> list[Step]:
    """The copy, and the scripts around it. Raises FieldError, and TaskFailed."""
    work = work_of(task)
    step = hive_step(task, before=work.before, script=work.statement, after=work.after, what="hive copy")
    return around(task, [step])


def work_of(task: Task) -> HiveCopy:
    """Read the fields. Raises FieldError, and TaskFailed."""
    source, target = task.reference("input"), task.reference("output")
    kinds = {source.type, target.type}
    if not kinds <= {"S3DataNode", "DynamoDBDataNode"} or kinds == {"S3DataNode"}:
        raise TaskFailed(
            f"From a {source.type} to a {target.type}: HiveCopyActivity copies between DynamoDBDataNodes, "
            "and between one of them and an S3DataNode.",
            error_id="UnsupportedCopy",
        )
    tables = [_table(task, source, "input1"), _table(task, target, "output1")]
    condition = _condition(task) if "filterSql" in task else ""
    query = f"SELECT item FROM {tables[0].name}"
    if condition:
        columns = _columns(task, source)
        listed = "".join(f", {extracted(kind, name)} AS {quoted}" for name, kind, quoted in columns)
        query = (
            f"SELECT item FROM (SELECT item{listed} FROM {tables[0].name}) filtered WHERE (\n{condition}\n)"
        )
    return HiveCopy(
        tuple(statement for table in tables for statement in table.statements),
        f"INSERT OVERWRITE TABLE {tables[1].name}\n{query};",
        tuple(table.dropped for table in tables),
    )


def _table(task: Task, node: PipelineObject, variable: str) -> Table:
    name, is_output = table_name(task, variable), variable == "output1"
    _check_format(task, node)
    if node.type == "DynamoDBDataNode":
        return dynamodb_table(task, node, name, is_output=is_output, whole_items=True)
    return export_table(S3DataNode.of(node), name, is_output=is_output)


def _check_format(task: Task, node: PipelineObject) -> None:
    if node.type == "S3DataNode" and "dataFormat" not in node:
        return
    found = task.reference("dataFormat", node).type
    if found != EXPORT_FORMAT:
        raise TaskFailed(
            f"The dataFormat of '{node.id}' is a {found}, and HiveCopyActivity copies whole items: give it a "
            f"{EXPORT_FORMAT}. To copy columns, use a HiveActivity with a DynamoDBDataFormat.",
            error_id="UnsupportedFormat",
        )


def _columns(task: Task, source: PipelineObject) -> list[tuple[str, str, str]]:
    if "dataFormat" not in source:
        return []
    named = task.reference("dataFormat", source)
    return [(name, kind, hiveql.name(named.id, "column", name)) for name, kind in hiveql.columns_of(named)]


def _condition(task: Task) -> str:
    """``filterSql``, if it is one condition. Raises FieldError: it must not end the statement around it."""
    from sqlglot.dialects.hive import Hive
    from sqlglot.errors import SqlglotError
    from sqlglot.tokenizer_core import TokenType

    given = task.string("filterSql").strip()
    depth = 0
    try:
        for token in Hive().tokenize(given):
            depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
            if depth < 0 or token.token_type == TokenType.SEMICOLON:
                break
        else:
            if depth == 0 and given:
                # Those that are left stand in text or in comments, where Hive's command line splits, too.
                return given.replace(";", "\\;")
    except SqlglotError:
        pass
    problem = (
        f"one condition is expected, such as `size` > 5, without WHERE and semicolons, but it is {given!r}"
    )
    raise FieldError(task.attempt_id, "filterSql", problem)
