"""The context object that a handler gets in a container, as Lambda gives it to a function."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

LONGEST_SECONDS = 7 * 24 * 3600
"""How long RunTask keeps a container: its history has room for a little more, and claims expire then."""


@dataclass(frozen=True)
class ContainerContext:
    """The members of Lambda's context object that mean something here."""

    aws_request_id: str
    """The ECS task's id."""
    function_name: str = field(default_factory=lambda: os.environ.get("TASK_FAMILY", ""))
    function_version: str = "$LATEST"
    invoked_function_arn: str = ""
    memory_limit_in_mb: str = field(default_factory=lambda: os.environ.get("TASK_MEMORY_MB", ""))
    _ends_at: float = field(default_factory=lambda: time.monotonic() + LONGEST_SECONDS)

    def get_remaining_time_in_millis(self) -> int:
        """The time until RunTask would stop the container. ``attemptTimeout`` mostly ends it earlier."""
        return max(0, int((self._ends_at - time.monotonic()) * 1000))
