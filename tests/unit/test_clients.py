"""How patient the poller's clients are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from poller.round import _ROUND_SECONDS
from runner import clients


@pytest.fixture(autouse=True)
def _fresh_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients.step_functions.cache_clear()
    clients.polling.cache_clear()
    yield
    clients.step_functions.cache_clear()
    clients.polling.cache_clear()


def test_a_step_functions_that_does_not_answer_leaves_time_for_the_poll() -> None:
    """Each ListExecutions of a round comes before its poll, in the time that is kept free for it."""
    config = clients.step_functions().meta.config
    attempts = config.retries["total_max_attempts"]  # type: ignore[attr-defined]
    assert attempts * (config.connect_timeout + config.read_timeout) < _ROUND_SECONDS  # type: ignore[attr-defined]


def test_a_poll_is_one_request_that_lasts_as_long_as_it_is_told() -> None:
    config = clients.polling(95).meta.config
    assert config.retries["total_max_attempts"] == 1  # type: ignore[attr-defined]
    assert config.read_timeout == 95  # type: ignore[attr-defined]
