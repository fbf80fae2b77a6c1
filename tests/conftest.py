"""Database servers, started once for all tests that need them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases.mariadb import mariadb
from tests.databases.postgresql import postgresql
from tests.databases.server import DatabaseServer


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[DatabaseServer]:
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[DatabaseServer]:
    with mariadb() as server:
        yield server


@pytest.fixture(params=["postgresql_server", "mariadb_server"])
def server(request: pytest.FixtureRequest) -> DatabaseServer:
    """Each of the two, one after the other."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, DatabaseServer)
    return found
