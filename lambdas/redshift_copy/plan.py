"""Reads the fields of a RedshiftCopyActivity and its nodes: what to load or unload.

Developer guide, RedshiftCopyActivity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data_formats.delimited import Delimited
from redshift_copy.load import InsertMode, Load, check_name, columns_of, transform_of
from redshift_copy.options import COPY_FORMATS, UNLOAD_FORMATS, command_options, merged, option_words
from redshift_copy.source import Source
from redshift_copy.table import Column, Table
from redshift_copy.text_format import copy_options, select, text_format_of, unload_options
from redshift_copy.unload import unload
from runner.fields import FieldError, PipelineObject
from runner.task import Task


@dataclass(frozen=True)
class Loading:
    """COPY into a table, and the statements around it."""

    node: PipelineObject
    load: Load

    @classmethod
    def of(cls, task: Task) -> Loading:
        """Read the fields. Raises FieldError, and TaskFailed."""
        source, target = task.reference("input"), task.reference("output")
        table, transform = Table.of(target), transform_of(task.attempt)
        check_name(target, table)
        named = _data_format(task, source, target)
        options = _used_options(task, named)
        if source.type == "S3DataNode" and (named or option_words(options).isdisjoint(COPY_FORMATS)):
            options = merged(copy_options(text_format_of(named, source)), options)
        columns = columns_of(_data_format(task, source)) if transform else ()
        mode = InsertMode.of(task.attempt)
        return cls(target, Load(table, mode, Source.of(source), options, transform, columns))


@dataclass(frozen=True)
class Unloading:
    """UNLOAD of a table."""

    node: PipelineObject
    target: PipelineObject
    table: Table
    options: Sequence[str]
    text_format: Delimited | None
    """None if ``commandOptions`` determine the format."""
    owner: PipelineObject
    """The object that defines ``text_format``."""

    @classmethod
    def of(cls, task: Task) -> Unloading:
        """Read the fields. Raises FieldError, and TaskFailed."""
        InsertMode.of(task.attempt)  # An unknown value is an error, although UNLOAD does not use it.
        if "transformSql" in task:
            raise FieldError(task.attempt_id, "transformSql", "it is of copies to Amazon Redshift")
        source, target = task.reference("input"), task.reference("output")
        named = _data_format(task, source, target)
        options = _used_options(task, named)
        text_format = None
        if named or option_words(options).isdisjoint(UNLOAD_FORMATS):
            text_format = text_format_of(named, target)
            options = merged(unload_options(text_format), options)
        return cls(source, target, Table.of(source), options, text_format, named or target)

    def statement(self, role: str, columns: Sequence[Column]) -> str:
        """UNLOAD, with these columns if their values need escaping. Raises FieldError."""
        query = f"SELECT * FROM {self.table}"
        if self.text_format is not None:
            query = select(self.owner, self.table, columns, self.text_format)
        return unload(query, self.target, self.options, role)


def _data_format(task: Task, *nodes: PipelineObject) -> PipelineObject | None:
    """The data format of the first node that has one."""
    found = [task.reference("dataFormat", node) for node in nodes if "dataFormat" in node]
    return found[0] if found else None


def _used_options(task: Task, named: PipelineObject | None) -> list[str]:
    """``commandOptions``, but none if a node has a data format (developer guide)."""
    given = command_options(task.attempt)
    if given and named is not None:
        task.logger.warning("Command options not used", dataFormat=named.id)
        return []
    return given
