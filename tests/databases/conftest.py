from __future__ import annotations

import itertools

import pytest

from tests.databases.server import DatabaseServer
from tests.unit.conftest import aws_environment, log, s3, service

__all__ = ["aws_environment", "log", "s3", "service"]

_numbers = itertools.count(1)


@pytest.fixture(params=["postgresql_server", "mariadb_server"])
def server(request: pytest.FixtureRequest) -> DatabaseServer:
    """Each of the two, one after the other."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, DatabaseServer)
    return found


@pytest.fixture
def table() -> str:
    """The name of a table that no other test uses."""
    return f"t{next(_numbers)}"
