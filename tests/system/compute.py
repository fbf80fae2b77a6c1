"""Where handlers run, for tests that pass wherever it is: in functions, and once more in containers.

`make test-long` runs a few of them in containers; `make containers` runs all of them there.
"""

from __future__ import annotations

import os

import pytest

IN_CONTAINERS = "in-containers"
EVERYTHING = "EVERYTHING_IN_CONTAINERS"
"""The environment variable that `make containers` sets."""


def wherever_it_runs(fixture: str, *elsewhere: object, telling: bool) -> pytest.MarkDecorator:
    """Run a test with the parameters ``elsewhere`` of the fixture, and in containers.

    ``telling`` tests run in containers each time: those that go through most of what differs there.
    """
    in_containers = pytest.param(IN_CONTAINERS, marks=pytest.mark.long)
    boxed = [in_containers] if telling or os.environ.get(EVERYTHING) else []
    return pytest.mark.parametrize(fixture, [*elsewhere, *boxed], indirect=True)
