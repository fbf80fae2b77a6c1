"""The steps of a HiveActivity. Developer guide, HiveActivity, and "Staging data and tables"."""

from __future__ import annotations

from dataclasses import dataclass

from data_nodes.s3_uri import S3Uri
from emr.hive_program import hive_step, queue
from emr.hive_tables import DYNAMODB_FORMATS, Table, dynamodb_table, s3_table
from emr.naming import Names
from emr.steps import Step
from emr.task_config import around
from emr.variables import script_variables
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed
from runner.task import Task

_GZIP = (
    "SET hive.exec.compress.output=true",
    "SET mapreduce.output.fileoutputformat.compress=true",
    "SET mapreduce.output.fileoutputformat.compress.codec=org.apache.hadoop.io.compress.GzipCodec",
)


@dataclass(frozen=True)
class HiveWork:
    """A HiveActivity as plain data."""

    before: tuple[str, ...]
    script: str
    script_uri: str
    after: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    queue: str


def steps_of(task: Task) -> list[Step]:
    """The script, and the scripts around it. Raises FieldError, and TaskFailed."""
    work = work_of(task)
    step = hive_step(
        task,
        before=work.before,
        script=work.script,
        script_uri=work.script_uri,
        after=work.after,
        variables=work.variables,
        settings=queue(work.queue),
        what="hive",
    )
    return around(task, [step])


def work_of(task: Task) -> HiveWork:
    """Read the fields. Raises FieldError, and TaskFailed."""
    script = uri = ""
    if "hiveScript" in task or "scriptUri" not in task:
        script = task.string("hiveScript")
    else:
        uri = str(S3Uri.of_object(task.attempt, "scriptUri"))
    staged = _staged(task) if task.boolean("stage", default=True) else {}
    tables = list(staged.values())
    before = [statement for table in tables for statement in table.statements]
    if any(table.compressed for table in tables):
        _refuse_mixed_compression(task, staged)
        before += _GZIP
    # Other names than Data Pipeline's own may follow: Hive takes the last value of a name.
    names = [(variable, table.name) for variable, table in staged.items()]
    names += [(variable.upper(), name) for variable, name in names]
    return HiveWork(
        tuple(before),
        script,
        uri,
        tuple(table.dropped for table in tables),
        (*names, *script_variables(task)),
        task.string("hadoopQueue", ""),
    )


def table_name(task: Task, variable: str) -> str:
    """The table of a node: a name that no other instance on the cluster has."""
    return f"dp_{Names.of(task).instance}_{variable}"


def _staged(task: Task) -> dict[str, Table]:
    """The tables by the variables that name them: ``input1``, ``output1`` and so on."""
    found = {}
    for field in ("input", "output"):
        for number, node in enumerate(task.references(field), 1):
            variable = f"{field}{number}"
            table = _table(task, node, table_name(task, variable), is_output=field == "output")
            if table is not None:
                found[variable] = table
    return found


def _table(task: Task, node: PipelineObject, name: str, *, is_output: bool) -> Table | None:
    if node.type == "S3DataNode":
        return s3_table(task, node, name, is_output=is_output)
    if node.type == "DynamoDBDataNode":
        if "dataFormat" not in node:
            # The guide: no staging, so that the script makes a table of its own.
            task.logger.info("Node not staged", object=node.id)
            return None
        if task.reference("dataFormat", node).type in DYNAMODB_FORMATS:
            return dynamodb_table(task, node, name, is_output=is_output)
    raise TaskFailed(
        f"'{node.id}' is a {node.type}, which has no table in Hive here. Copy it to or from S3 with a "
        "CopyActivity, and stage the S3DataNode; or set stage to false, and let the script read it.",
        error_id="UnsupportedNode",
    )


def _refuse_mixed_compression(task: Task, staged: dict[str, Table]) -> None:
    outputs = [table for variable, table in staged.items() if variable.startswith("output")]
    if not all(table.compressed for table in outputs):
        problem = "Hive compresses all outputs of a script or none: give them one compression"
        raise FieldError(task.attempt_id, "output", problem)
