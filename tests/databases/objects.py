"""Pipeline objects of the tests' database servers."""

from __future__ import annotations

from runner.testing import FieldValue
from tests.databases.server import DatabaseServer

Fields = dict[str, FieldValue]


def database(server: DatabaseServer, **fields: FieldValue) -> Fields:
    """A JdbcDatabase on the server."""
    own: Fields = {
        "type": "JdbcDatabase",
        "connectionString": server.url,
        "jdbcDriverClass": "org.example.Driver",
        "username": server.user,
        "*password": server.password,
    }
    return {**own, **fields}
