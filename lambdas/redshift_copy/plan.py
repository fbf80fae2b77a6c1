"""What a RedshiftCopyActivity is to do, by its fields and those of its nodes.

Developer guide, RedshiftCopyActivity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data_formats.delimited import Delimited
from redshift_copy.load import InsertMode, Load, check_name, columns_of, transform_of
from redshift_copy.options import COPY_FORMATS, UNLOAD_FORMATS, combined, command_options, name_a_format
from redshift_copy.source import Source
from redshift_copy.table import Column, Table
from redshift_copy.text_format import copy_options, select, text_format_of, unload_options
from redshift_copy.unload import unload
from runner.fields import FieldError, PipelineObject
from runner.task import Task


@dataclass(frozen=True)
class Loading:
    """COPY into a table, and what else is done there."""

    node: PipelineObject
    load: Load

    @classmethod
    def of(cls, task: Task) -> Loading:
        """Read the fields. Raises FieldError, and TaskFailed."""
        source, target = task.reference("input"), task.reference("output")
        table, transform = Table.of(target), transform_of(task.attempt)
        check_name(target, table)
        named = _format(task, source, target)
        options = _given(task, named)
        if source.type == "S3DataNode" and (named or not name_a_format(options, COPY_FORMATS)):
            options = combined(copy_options(text_format_of(named, source)), options)
        columns = columns_of(_format(task, source)) if transform else ()
        mode = InsertMode.of(task.attempt)
        return cls(target, Load(table, mode, Source.of(source), options, transform, columns))


@dataclass(frozen=True)
class Unloading:
    """UNLOAD of a table."""

    node: PipelineObject
    target: PipelineObject
    table: Table
    options: Sequence[str]
    text: Delimited | None
    """None: ``commandOptions`` say what is written."""
    owner: PipelineObject
    """What ``text`` is described by."""

    @classmethod
    def of(cls, task: Task) -> Unloading:
        """Read the fields. Raises FieldError, and TaskFailed."""
        InsertMode.of(task.attempt)  # a value that is not known is an error, though it is of no use here
        if "transformSql" in task:
            raise FieldError(task.attempt_id, "transformSql", "it is of copies to Amazon Redshift")
        source, target = task.reference("input"), task.reference("output")
        named = _format(task, source, target)
        options = _given(task, named)
        text = None
        if named or not name_a_format(options, UNLOAD_FORMATS):
            text = text_format_of(named, target)
            options = combined(unload_options(text), options)
        return cls(source, target, Table.of(source), options, text, named or target)

    def statement(self, role: str, columns: Sequence[Column]) -> str:
        """UNLOAD, of these columns if their values have to be escaped. Raises FieldError."""
        query = f"SELECT * FROM {self.table}"
        if self.text is not None:
            query = select(self.owner, self.table, columns, self.text)
        return unload(query, self.target, self.options, role)


def _format(task: Task, *nodes: PipelineObject) -> PipelineObject | None:
    """The data format of the first of the nodes that has one."""
    found = [task.reference("dataFormat", node) for node in nodes if "dataFormat" in node]
    return found[0] if found else None


def _given(task: Task, named: PipelineObject | None) -> list[str]:
    """``commandOptions``; none if a node has a data format (developer guide)."""
    given = command_options(task.attempt)
    if given and named is not None:
        task.logger.warning("Command options not used", dataFormat=named.id)
        return []
    return given
