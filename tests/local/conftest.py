from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.environments import Environments


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environments]:
    made = Environments(tmp_path_factory.mktemp("environments"))
    yield made
    made.close()
