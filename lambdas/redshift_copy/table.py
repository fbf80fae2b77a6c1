"""RedshiftDataNode: a table, and the queries that look it up in the catalog.

Developer guide, RedshiftDataNode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from data_formats.comma_list import comma_separated
from redshift_copy.names import checked_name, identifier, quoted_text
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed
from sql.jdbc import Engine
from sql.names import POSTGRESQL_QUOTE, parts, unquoted
from sql.script import statements


@dataclass(frozen=True)
class Column:
    """A column, with the catalog's name for its type."""

    name: str
    type: str


@dataclass(frozen=True)
class Table:
    """A table. Rows with equal ``keys`` are the same: ``primaryKeys``, else the table's primary key."""

    schema: str
    name: str
    keys: tuple[str, ...] = ()
    creation: tuple[str, ...] = ()
    """The statements in ``createTableSql``."""
    exists: bool = True

    @classmethod
    def of(cls, node: PipelineObject) -> Table:
        """Read the fields. Raises FieldError, and TaskFailed for a ``createTableSql`` that cannot be read."""
        schema, name = _place(node)
        return cls(
            schema,
            name,
            tuple(checked_name(node, "primaryKeys", key) for key in _names(node, "primaryKeys")),
            tuple(statements(node.string("createTableSql", ""), Engine.REDSHIFT)),
        )

    def __str__(self) -> str:
        return f"{identifier(self.schema)}.{identifier(self.name)}"

    def key_query(self) -> str:
        """A query for the primary key. No row: no table. One NULL: no such key.

        Amazon Redshift folds names to lower case, unless a cluster is configured to preserve case. The query
        looks for both.
        """
        return (
            "SELECT CAST(a.attname AS varchar)\n"
            "FROM pg_catalog.pg_class t\n"
            "JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace\n"
            "LEFT JOIN pg_catalog.pg_constraint c ON c.conrelid = t.oid AND c.contype = 'p'\n"
            "LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (c.conkey)\n"
            f"{self._condition}\n"
            "ORDER BY a.attnum"
        )

    def with_key(self, records: Sequence[Sequence[Any]]) -> Table:
        """The table with the result of ``key_query``, as GetStatementResult returns it."""
        found = tuple(field["stringValue"] for (field,) in records if "stringValue" in field)
        return replace(self, keys=self.keys or found, exists=bool(records))

    def columns_query(self) -> str:
        """A query for the columns in order, and the types of their values."""
        return (
            "SELECT CAST(a.attname AS varchar), CAST(y.typname AS varchar)\n"
            "FROM pg_catalog.pg_class t\n"
            "JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace\n"
            "JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped\n"
            "JOIN pg_catalog.pg_type y ON y.oid = a.atttypid\n"
            f"{self._condition}\n"
            "ORDER BY a.attnum"
        )

    def columns_from(self, records: Sequence[Sequence[Any]]) -> list[Column]:
        """The columns in the result of ``columns_query``. Raises TaskFailed if there are none."""
        if not records:
            raise TaskFailed(
                f"The table {self} does not exist, or is one whose columns are not in the catalog, such as a "
                "late-binding view. Of such a one, name the format in commandOptions.",
                error_id="TableNotFound",
            )
        return [Column(name["stringValue"], kind["stringValue"]) for name, kind in records]

    @property
    def _condition(self) -> str:
        return f"WHERE n.nspname IN ({_either(self.schema)}) AND t.relname IN ({_either(self.name)})"


def _place(node: PipelineObject) -> tuple[str, str]:
    """Schema and table. ``tableName`` may be qualified, as AWS requires it for unloading a table.

    Raises FieldError.
    """
    given = node.string("tableName")
    # Any name without dots is valid, because it is quoted.
    found = parts(given, POSTGRESQL_QUOTE) or ([given] if given and "." not in given else [])
    if not 1 <= len(found) <= 2:
        raise FieldError(node.id, "tableName", f"a table, or schema.table, is expected, but it is {given!r}")
    named = unquoted(node.string("schemaName", "").strip(), POSTGRESQL_QUOTE)
    schema = found[0] if len(found) == 2 else named or "public"
    if named and named.lower() != schema.lower():
        raise FieldError(node.id, "tableName", f"it is {given!r}, and schemaName says {named!r}")
    return checked_name(node, "schemaName", schema), checked_name(node, "tableName", found[-1])


def _names(node: PipelineObject, field: str) -> list[str]:
    """The names in ``field``, each value of which is one name or several with commas between."""
    names = [name for value in node.strings(field) for name in comma_separated(value)]
    return [unquoted(name, POSTGRESQL_QUOTE) for name in names]


def _either(name: str) -> str:
    return f"{quoted_text(name)}, {quoted_text(name.lower())}"
