from __future__ import annotations

import itertools

import pytest

from tests.unit.conftest import aws_environment, log, s3, service

__all__ = ["aws_environment", "log", "s3", "service"]

_numbers = itertools.count(1)


@pytest.fixture
def table() -> str:
    """The name of a table that no other test uses."""
    return f"t{next(_numbers)}"
