"""Names that AWS accepts and that people recognise in the console."""

from __future__ import annotations

import hashlib
import re

LONGEST_FUNCTION_NAME = 64
"""Characters (Lambda API Reference, CreateFunction). A schedule's name has the same limit."""

EXECUTION_ENDED = "execution-ended"
"""The function that counts ended tasks is named ``<stack>-execution-ended``."""

CONTAINER_ENDED = "container-ended"
"""The function that judges ended containers is named ``<stack>-container-ended``."""

_LONGEST_GROUP_NAME = 40


def slug(text: str, longest: int) -> str:
    """``text`` as letters, digits, ``-`` and ``_``, with at most ``longest`` characters.

    A changed or shortened text gets a digest, so that no two texts share a name.
    """
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")
    if safe == text and len(safe) <= longest:
        return safe
    digest = hashlib.sha256(text.encode()).hexdigest()[:6]
    return f"{safe[: longest - 7].strip('-')}-{digest}".lstrip("-")


def group_name(stack_name: str, worker_group: str) -> str:
    """A worker group as the names of its poller, its loop and its schedule all contain it.

    The poller's name, ``<stack>-poll-<group>``, leaves the least room: a state machine's may have 80
    characters.
    """
    room = LONGEST_FUNCTION_NAME - len(f"{stack_name}-poll-")
    return slug(worker_group, min(_LONGEST_GROUP_NAME, room))


def function_name(stack_name: str, name: str) -> str:
    """A function's name on AWS."""
    return f"{stack_name}-{slug(name, LONGEST_FUNCTION_NAME - 1 - len(stack_name))}"
