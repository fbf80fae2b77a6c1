"""Names that a person recognises in the console, made safe for AWS."""

from __future__ import annotations

import hashlib
import re

LONGEST_FUNCTION_NAME = 64
"""Characters (Lambda API Reference, CreateFunction); a schedule's name has as many."""

EXECUTION_ENDED = "execution-ended"
"""The function that counts ended tasks is named ``<stack>-execution-ended``."""

_LONGEST_GROUP_NAME = 40


def slug(text: str, longest: int) -> str:
    """``text`` as letters, digits, ``-`` and ``_``, ``longest`` characters at most.

    A text that had to be changed or cut gets a digest, so that two texts never share a name.
    """
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")
    if safe == text and len(safe) <= longest:
        return safe
    digest = hashlib.sha256(text.encode()).hexdigest()[:6]
    return f"{safe[: longest - 7].strip('-')}-{digest}".lstrip("-")


def group_name(stack_name: str, worker_group: str) -> str:
    """A worker group in the names of its poller, its loop and its schedule, the same in all of them.

    The poller's, ``<stack>-poll-<group>``, has the least room: a state machine's name has 80 characters.
    """
    room = LONGEST_FUNCTION_NAME - len(f"{stack_name}-poll-")
    return slug(worker_group, min(_LONGEST_GROUP_NAME, room))


def function_name(stack_name: str, name: str) -> str:
    """A function's name on AWS."""
    return f"{stack_name}-{slug(name, LONGEST_FUNCTION_NAME - 1 - len(stack_name))}"
