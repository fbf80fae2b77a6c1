"""The sessions that a database server has."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.databases.server import DatabaseServer


def sessions(server: DatabaseServer, text: str) -> list[Any]:
    """The other sessions that run a statement with this text in it."""
    if server.is_postgresql:
        return server.query(
            "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() "
            f"AND query LIKE '%{text}%'"
        )
    return server.query(
        f"SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND info LIKE '%{text}%'"
    )


def wait_for(holds: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)
