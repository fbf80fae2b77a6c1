"""Loads a table: COPY into a staging table, then insert from there by ``insertMode``, in one transaction.

Developer guide, RedshiftCopyActivity; Amazon Redshift developer guide, "Updating and inserting new data".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from data_formats.columns import Columns
from redshift_copy.names import identifier, quoted_text
from redshift_copy.options import command
from redshift_copy.source import Source
from redshift_copy.table import Table
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed
from sql.jdbc import Engine
from sql.names import bare
from sql.script import statements

STAGING = "staging"
"""The name in the guide: ``transformSql`` reads it."""
TRANSFORMED = "staging_transformed"

_TYPES = {"STRING": "VARCHAR(65535)", "DOUBLE": "DOUBLE PRECISION"}


class InsertMode(Enum):
    """What happens to rows that are already in the table, and to rows with the same key."""

    KEEP_EXISTING = "KEEP_EXISTING"
    OVERWRITE_EXISTING = "OVERWRITE_EXISTING"
    TRUNCATE = "TRUNCATE"
    APPEND = "APPEND"

    @classmethod
    def of(cls, activity: PipelineObject) -> InsertMode:
        """The field ``insertMode``. Raises FieldError."""
        value = activity.string("insertMode")
        if value.upper() not in cls.__members__:
            known = ", ".join(cls.__members__)
            raise FieldError(activity.id, "insertMode", f"one of {known} is expected, but it is {value!r}")
        return cls[value.upper()]

    @property
    def compares(self) -> bool:
        """Whether it compares rows by their keys."""
        return self in {InsertMode.KEEP_EXISTING, InsertMode.OVERWRITE_EXISTING}


@dataclass(frozen=True)
class Load:
    """What to load, from where, and how."""

    table: Table
    mode: InsertMode
    source: Source
    options: Sequence[str] = ()
    transform: str = ""
    """The query in ``transformSql``; empty if there is none."""
    columns: Sequence[str] = ()
    """Definitions of the staging table's columns; empty if it has the columns of the table."""

    def needs_catalog(self) -> bool:
        """Whether the statements depend on the table's existence, or on its primary key."""
        return bool(self.table.creation) or (self.mode.compares and not self.table.keys)

    def with_table(self, table: Table) -> Load:
        """The same load, with what the catalog says about the table."""
        return replace(self, table=table)

    def statements(self, role: str) -> list[str]:
        """The transaction. Raises TaskFailed if the table is missing, or a key that the mode needs.

        DELETE deletes the rows: TRUNCATE would commit (Amazon Redshift developer guide, TRUNCATE).
        """
        table = self.table
        if not table.exists and not table.creation:
            raise TaskFailed(
                f"The table {table} does not exist, and its node has no createTableSql.",
                error_id="TableNotFound",
            )
        rows = TRANSFORMED if self.transform else STAGING
        return [
            *(() if table.exists else table.creation),
            f"CREATE TEMP TABLE {STAGING} ({', '.join(self.columns) or f'LIKE {table}'})",
            command(
                f"COPY {STAGING} FROM {quoted_text(self.source.uri)}",
                role=role,
                own=self.source.options,
                given=self.options,
            ),
            *([f"CREATE TEMP TABLE {TRANSFORMED} AS\n{self.transform}"] if self.transform else []),
            *(self._deletion(rows) if table.exists else []),
            f"INSERT INTO {table} SELECT * FROM {rows}",
        ]

    def _deletion(self, rows: str) -> list[str]:
        """Before the insert: delete rows of the table, or new rows that the table already contains."""
        if self.mode is InsertMode.APPEND:
            return []
        if self.mode is InsertMode.TRUNCATE:
            return [f"DELETE FROM {self.table}"]
        if not self.table.keys:
            raise TaskFailed(
                f"The table {self.table} has no primary key, and its node no primaryKeys: {self.mode.value} "
                "compares rows by it.",
                error_id="NoPrimaryKey",
            )
        name = identifier(self.table.name)
        same = " AND ".join(f"{name}.{identifier(key)} = {rows}.{identifier(key)}" for key in self.table.keys)
        if self.mode is InsertMode.KEEP_EXISTING:
            return [f"DELETE FROM {rows} USING {self.table} WHERE {same}"]
        return [f"DELETE FROM {self.table} USING {rows} WHERE {same}"]


def check_name(node: PipelineObject, table: Table) -> None:
    """Raises FieldError if the table has the name of a staging table."""
    if table.name.lower() in {STAGING, TRANSFORMED}:
        raise FieldError(node.id, "tableName", f"'{table.name}' is a name of the staging tables")


def transform_of(activity: PipelineObject) -> str:
    """The one query in ``transformSql``. Raises FieldError, and TaskFailed if it is not SQL."""
    found = statements(activity.string("transformSql", ""), Engine.REDSHIFT)
    if len(found) > 1:
        raise FieldError(activity.id, "transformSql", f"one query is expected, but it has {len(found)}")
    return found[0] if found else ""


def columns_of(data_format: PipelineObject | None) -> list[str]:
    """Column definitions for a staging table with the columns of the format. Raises FieldError.

    Types may be those of the guide's examples, and those of Amazon Redshift.
    """
    if data_format is None:
        return []
    found = Columns.of(data_format)
    return [
        f"{identifier(bare(name))} {_TYPES.get(kind, kind)}"
        for name, kind in zip(found.names, found.types, strict=True)
    ]
