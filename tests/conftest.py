"""Database servers, started once for all tests that need them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from _pytest.nodeid import NodeId
from hypothesis import Phase, settings

from tests.databases.mariadb import mariadb
from tests.databases.postgresql import postgresql
from tests.databases.server import DatabaseServer
from tests.groups import group_of, rank
from tests.looking_back import look_back

# jsii warns on standard error about Node releases past their end of life. The CDK CLI says it once itself.
# This variable lists the major versions to be silent about.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", ",".join(map(str, range(20, 31))))
os.environ.setdefault("JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION", "1")

settings.register_profile("any-example", phases=[Phase.explicit, Phase.generate])
"""For tests that are meant to fail. Without shrinking, which takes minutes."""


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
    """Each of the two servers in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, DatabaseServer)
    return found


def pytest_configure(config: pytest.Config) -> None:
    look_back(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    groups = {item: _group(item) for item in items}
    if getattr(config.option, "loadgroup", False):  # In a worker process of pytest-xdist.
        for item, group in groups.items():
            # pytest-xdist 3.8 reads the group from the id's end, and sets what pytest 9.2 ignores.
            item._id = NodeId.parse(f"{item.nodeid}@{group}")
    items.sort(key=lambda item: rank(groups[item]))


def _group(item: pytest.Item) -> str:
    path = item.path.relative_to(item.config.rootpath).as_posix()
    parameters = getattr(item, "callspec", None)
    given = parameters.params if parameters else {}
    deployment = given.get("deployment") or given.get("examples") or ""
    return group_of(path, getattr(item, "fixturenames", ()), str(deployment))
