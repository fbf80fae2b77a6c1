"""SqlDataNode and MySqlDataNode: a table in a database.

Developer guide, pages with these names.
"""

from __future__ import annotations

from dataclasses import dataclass

from runner.fields import FieldError, PipelineObject
from runner.task import Task
from sql.jdbc import Engine, unsupported
from sql.names import MYSQL_QUOTE, POSTGRESQL_QUOTE, parts, unquoted
from sql.server import Server

TYPES = {"SqlDataNode", "MySqlDataNode"}
_DATABASES = {"JdbcDatabase", "RdsDatabase"}


@dataclass(frozen=True)
class SqlNode:
    """A table, and the statements that read and write it. Statements use the names unchanged."""

    id: str
    server: Server
    table: str
    schema: str
    """Empty: the session's schema."""
    select: str
    """Empty: read the whole table."""
    insert: str
    """Empty: insert the columns of a record in order."""
    create: str
    """Creates the table if it does not exist. Empty: do not create it."""

    @property
    def qualified(self) -> str:
        """The table, qualified by the schema if the node names one."""
        return f"{self.schema}.{self.table}" if self.schema else self.table

    @classmethod
    def of(cls, task: Task, node: PipelineObject) -> SqlNode:
        """Read the fields. Raises FieldError, and TaskFailed for a database that is not supported.

        Without ``database``, the node itself contains ``connectionString``, ``username`` and the password, as
        in the guide's example of MySqlDataNode.
        """
        table = node.string("table").strip()
        if not table:
            raise FieldError(node.id, "table", "it is empty")
        server = _server(task, node)
        schema = _schema(node, table, MYSQL_QUOTE if server.engine is Engine.MYSQL else POSTGRESQL_QUOTE)
        return cls(
            node.id,
            server,
            table,
            schema,
            node.string("selectQuery", "").strip().rstrip("; \n\t\r"),
            node.string("insertQuery", "").strip(),
            node.string("createTableSql", "").strip(),
        )


def _schema(node: PipelineObject, table: str, quote: str) -> str:
    """``schemaName``; empty if ``table`` contains the same schema. Raises FieldError if they differ."""
    schema = node.string("schemaName", "").strip()
    found = parts(table, quote)
    if not schema or len(found) < 2:
        return schema
    if found[-2].lower() != unquoted(schema, quote).lower():
        raise FieldError(node.id, "table", f"it is {table!r}, and schemaName says {schema!r}")
    return ""


def _server(task: Task, node: PipelineObject) -> Server:
    if not node.reference_ids("database"):
        if "connectionString" not in node:
            raise FieldError(node.id, "database", "it is missing")
        database = node
    else:
        database = task.reference("database", of=node)
        if database.type not in _DATABASES:
            raise unsupported(database, f"a {database.type}")
    server = Server.of(task, database)
    if server.engine is Engine.REDSHIFT:
        raise unsupported(
            database, "Amazon Redshift, from which RedshiftCopyActivity copies, as a SqlDataNode"
        )
    return server
