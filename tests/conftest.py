"""Database servers, started once for all tests that need them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

from tests.databases.mariadb import mariadb
from tests.databases.postgresql import postgresql
from tests.databases.server import DatabaseServer
from tests.groups import group_of, rank
from tests.looking_back import look_back

settings.register_profile("any-example", phases=[Phase.explicit, Phase.generate])
"""For tests that are meant to fail: without the minutes that it takes to find the smallest example."""


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


def pytest_configure(config: pytest.Config) -> None:
    look_back(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    groups = {item: _group(item) for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: rank(groups[item]))


def _group(item: pytest.Item) -> str:
    path = item.path.relative_to(item.config.rootpath).as_posix()
    parameters = getattr(item, "callspec", None)
    deployment = parameters.params.get("deployment", "") if parameters else ""
    return group_of(path, getattr(item, "fixturenames", ()), str(deployment))
