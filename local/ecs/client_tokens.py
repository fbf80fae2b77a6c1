"""Repeated RunTask calls with a client token start nothing new.

Source: Amazon ECS API Reference, "Ensuring idempotency". A token is one of its cluster. It lasts for 24
hours, or until an hour after its tasks have ended, whichever is first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.ecs.errors import ConflictError
from local.ecs.task import Task

TOKEN_SECONDS = 24 * 3600.0
ENDED_SECONDS = 3600.0


@dataclass(frozen=True)
class _Use:
    request: str
    tasks: list[Task]
    at: float


class ClientTokens:
    """The tokens in use. Times are seconds of one clock, that of the caller."""

    def __init__(self) -> None:
        self._uses: dict[tuple[str, str], _Use] = {}

    def tasks(self, cluster_arn: str, request: Mapping[str, Any], now: float) -> list[Task] | None:
        """What the same request has started before; None if it is new. Raises ConflictError."""
        token = request.get("clientToken")
        use = self._uses.get((cluster_arn, token)) if token else None
        if use is None or self._is_over(use, now):
            return None
        if use.request != _canonical(request):
            raise ConflictError(
                "The provided clientToken is already in use with a different RunTask request.",
                [task.arn for task in use.tasks],
            )
        return use.tasks

    def remember(self, cluster_arn: str, request: Mapping[str, Any], tasks: list[Task], now: float) -> None:
        """These tasks are what a request has started."""
        if request.get("clientToken"):
            self._uses[cluster_arn, request["clientToken"]] = _Use(_canonical(request), tasks, now)

    @staticmethod
    def _is_over(use: _Use, now: float) -> bool:
        ended = [task.ended_at for task in use.tasks]
        until = use.at + TOKEN_SECONDS
        if all(at is not None for at in ended):
            until = min(until, max(at or 0.0 for at in ended) + ENDED_SECONDS)
        return now > until


def _canonical(request: Mapping[str, Any]) -> str:
    return json.dumps(request, sort_keys=True)
