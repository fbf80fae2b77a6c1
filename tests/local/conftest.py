from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.directories import open_directory
from tests.local.environments import Environments


@pytest.fixture(scope="module")
def environments() -> Iterator[Environments]:
    # Not in one of pytest's directories, which only their owner can enter: functions may have another user.
    with open_directory("environments-") as directory:
        made = Environments(directory)
        yield made
        made.close()
