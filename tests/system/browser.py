"""A page in headless Chromium, for tests of the console."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest

from bench.chromium import Page, installed, page


@contextlib.contextmanager
def browsing() -> Iterator[Page]:
    """A page. Skips the test where there is no Chromium, except in continuous integration."""
    chromium = installed()
    if chromium is None:
        missing = "no Chromium on PATH; on Debian: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with page(chromium) as shown:
        yield shown
