from __future__ import annotations

import itertools

import pytest

from tests.unit.conftest import aws_environment, log, s3, service
from tests.unit.redshift_copy.conftest import data_api

__all__ = ["aws_environment", "data_api", "log", "s3", "service"]

_numbers = itertools.count(1)


@pytest.fixture
def table() -> str:
    """The name of a table that no other test uses."""
    return f"t{next(_numbers)}"
