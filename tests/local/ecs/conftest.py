from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.commands import Command, running
from tests.local.ecs.account import EcsAccount

TIME_SCALE = 20


@pytest.fixture(scope="package")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    arguments = ("--no-deploy", "--port", "0", "--time-scale", str(TIME_SCALE))
    with running("up", *arguments, directory=tmp_path_factory.mktemp("nothing")) as command:
        yield command


@pytest.fixture(scope="package")
def aws(up: Command) -> EcsAccount:
    account = EcsAccount(up.ready())
    account.set_up()
    return account
