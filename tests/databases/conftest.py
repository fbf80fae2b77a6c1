"""Fixtures for handlers that use databases. tests/conftest.py starts the servers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from runner import clients
from tests.databases.copies import Copies
from tests.databases.redshift_data import RedshiftData, redshift_data
from tests.databases.server import DatabaseServer
from tests.unit.conftest import aws_environment, log, s3, service
from tests.unit.fake_s3 import FakeS3

__all__ = ["aws_environment", "log", "s3", "service"]

_numbers = itertools.count(1)


@pytest.fixture
def table() -> str:
    """The name of a table that no other test uses."""
    return f"t{next(_numbers)}"


@pytest.fixture
def copies(server: DatabaseServer, s3: FakeS3) -> Copies:
    """Copies on each of the two servers."""
    return Copies(server, s3)


@pytest.fixture
def mysql(mariadb_server: DatabaseServer, s3: FakeS3) -> Copies:
    """Copies on MariaDB."""
    return Copies(mariadb_server, s3)


@pytest.fixture
def postgresql(postgresql_server: DatabaseServer, s3: FakeS3) -> Copies:
    """Copies on PostgreSQL."""
    return Copies(postgresql_server, s3)


@pytest.fixture
def data_api(
    postgresql_server: DatabaseServer, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RedshiftData]:
    """The handlers' Redshift Data API, on PostgreSQL with an empty schema ``shop``."""
    monkeypatch.setenv("COPY_ROLE_ARN", "arn:aws:iam::111122223333:role/copy")
    postgresql_server.execute("DROP SCHEMA IF EXISTS shop CASCADE", "CREATE SCHEMA shop")
    with redshift_data(postgresql_server, s3) as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL_REDSHIFT_DATA", service.url)
        clients.redshift_data.cache_clear()
        yield service
    clients.redshift_data.cache_clear()
