"""The Redshift Data API on PostgreSQL, and the handler's client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runner import clients
from tests.databases.redshift_data import RedshiftData, redshift_data
from tests.databases.server import DatabaseServer
from tests.unit.fake_s3 import FakeS3

ROLE = "arn:aws:iam::111122223333:role/copy"


@pytest.fixture
def data_api(
    postgresql_server: DatabaseServer, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RedshiftData]:
    """With an empty schema ``shop``, and no other."""
    monkeypatch.setenv("COPY_ROLE_ARN", ROLE)
    postgresql_server.execute("DROP SCHEMA IF EXISTS shop CASCADE", "CREATE SCHEMA shop")
    with redshift_data(postgresql_server, s3) as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL_REDSHIFT_DATA", service.url)
        clients.redshift_data.cache_clear()
        yield service
    clients.redshift_data.cache_clear()
