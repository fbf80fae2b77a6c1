from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.directories import open_directory
from tests.local.environments import Environments


@pytest.fixture(scope="module")
def environments() -> Iterator[Environments]:
    # Only their owner can enter pytest's directories, but functions may run as another user.
    with open_directory("environments-") as directory:
        made = Environments(directory)
        yield made
        made.close()
