"""Opens a session with the driver of the server's engine."""

from __future__ import annotations

from sql.jdbc import Engine
from sql.server import Server
from sql.session import CONNECT_SECONDS, Session


def open_session(server: Server) -> Session:
    """A session on a PostgreSQL or a MySQL server. Raises TaskFailed.

    Only the driver that the server needs is imported.
    """
    if server.engine is Engine.MYSQL:
        from sql.mysql import MySqlSession

        return MySqlSession(server, CONNECT_SECONDS)
    from sql.postgresql import PostgreSqlSession

    return PostgreSqlSession(server, CONNECT_SECONDS)
