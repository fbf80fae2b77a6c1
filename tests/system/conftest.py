from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.datapipeline.settings import Settings
from local.directories import open_directory
from local.permissions import decisions
from tests.databases.server import DatabaseServer
from tests.system.compute import IN_CONTAINERS
from tests.system.deployments import (
    CONTAINERS_APP,
    FAULTY_APP,
    FAULTY_TIME_SCALE,
    SESSION_SECONDS,
    TIME_SCALE,
    Deployment,
    deployed,
)
from tests.system.examples import Examples, copy_project, deployed_examples


@pytest.fixture(scope="session")
def record() -> Path:
    """The directory in which each local AWS records IAM's decisions."""
    return Path(os.environ[decisions.DIRECTORY])


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Replaces pytest's, which only its owner can enter: commands may run as another user."""
    with open_directory("system-") as directory:
        yield directory


def other_settings() -> list[str]:
    """For each behaviour that AWS leaves open, the last of its alternatives."""
    listing = Settings.listing()
    return [f"{name}={values.split('|')[-1]}" for name, values, _ in listing if "|" in values]


@pytest.fixture(scope="session", params=["as-assumed", pytest.param("otherwise", marks=pytest.mark.long)])
def deployment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """The app as `make up` deploys it, for all tests that do not wait for the service's timeouts.

    A test passes however Data Pipeline behaves where its documentation leaves that open. Tests that ask for
    "in-containers" pass wherever its handlers run.
    """
    if request.param == IN_CONTAINERS:
        yield request.getfixturevalue("container_deployment")
        return
    settings = other_settings() if request.param == "otherwise" else []
    options = [word for setting in settings for word in ("--setting", setting)]
    with deployed(tmp_path_factory.mktemp("home"), *options) as up:
        yield up


@pytest.fixture(scope="session")
def fast_deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The app with the service's clock, and so progress reports, TIME_SCALE times as fast."""
    with deployed(tmp_path_factory.mktemp("home"), "--time-scale", str(TIME_SCALE)) as up:
        yield up


@pytest.fixture(scope="session")
def faulty_deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The app, and a handler in a container, with service timeouts of a few seconds, for what goes wrong."""
    # On a busy machine, two of the service's minutes (3 s) may pass before a task is acknowledged.
    options = ["--time-scale", str(FAULTY_TIME_SCALE), "--setting", "acknowledge_within=6 minutes"]
    options += ["--setting", "maximum_pipelines=300"]  # Its tests leave more than the 100 of a new account.
    with deployed(tmp_path_factory.mktemp("home"), *options, app=FAULTY_APP) as up:
        yield up


@pytest.fixture(scope="session")
def container_deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """All handlers in containers, FAULTY_TIME_SCALE times as fast, with credentials for SESSION_SECONDS.

    The service does not evaluate expressions, so that handlers do it in containers too.
    """
    options = ["--time-scale", str(FAULTY_TIME_SCALE), "--setting", "acknowledge_within=6 minutes"]
    options += ["--setting", f"chained_role={SESSION_SECONDS} seconds", "--setting", "task_expressions=raw"]
    with deployed(tmp_path_factory.mktemp("home"), *options, app=CONTAINERS_APP) as up:
        yield up


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository with docs/examples in it."""
    directory = tmp_path_factory.mktemp("project")
    copy_project(directory)
    return directory


@pytest.fixture(scope="session", params=["in-a-function"])
def examples(
    request: pytest.FixtureRequest,
    project: Path,
    postgresql_server: DatabaseServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Examples]:
    """The app of docs/examples, TIME_SCALE times as fast. Redshift statements run on PostgreSQL.

    Tests that ask for IN_CONTAINERS get its SqlActivity and CopyActivity in another app.
    """
    if request.param == IN_CONTAINERS:
        boxed: Deployment = request.getfixturevalue("container_deployment")
        yield Examples(boxed, boxed.endpoint_url)
        return
    server = postgresql_server
    redshift = f"postgresql://{server.user}:{server.password}@127.0.0.1:{server.port}"
    with deployed_examples(project, tmp_path_factory.mktemp("home"), "--redshift", redshift) as up:
        yield up
