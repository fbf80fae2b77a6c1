"""Opens a session for a copy with the driver of the server's engine."""

from __future__ import annotations

from copying.tables import TablesSession
from sql.jdbc import Engine
from sql.server import Server
from sql.session import CONNECT_SECONDS


def open_tables(server: Server) -> TablesSession:
    """A session on a PostgreSQL or a MySQL server, in a transaction. Raises TaskFailed.

    Only the driver that the server needs is imported.
    """
    if server.engine is Engine.MYSQL:
        from copying.mysql_tables import MySqlTables

        return MySqlTables(server, CONNECT_SECONDS)
    from copying.postgresql_tables import PostgreSqlTables

    return PostgreSqlTables(server, CONNECT_SECONDS)
