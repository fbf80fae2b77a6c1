"""A file that is looked at, and what all of one search share."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable


class UsageError(Exception):
    """The arguments cannot be followed; nothing has been done."""


class Quit(Exception):
    """``-quit``."""


class Search:
    """The options of a search, and how it goes."""

    def __init__(self) -> None:
        self.follow = False
        """``-L``."""
        self.follow_starts = False
        """``-H``."""
        self.depth_first = False
        self.depth_was_asked = False
        self.one_filesystem = False
        self.min_depth = 0
        self.max_depth = sys.maxsize
        self.acts = False
        """Whether an action stands in the expression, so that ``-print`` is not added."""
        self.prunes = False
        self.deletes = False
        self.now = time.time_ns()
        self.exit_code = 0
        self.at_end: list[Callable[[], None]] = []

    def complain(self, path: str, error: OSError, doing: str = "") -> None:
        """Say on stderr what went wrong, and go on; the exit code will be 1."""
        self.exit_code = 1
        sys.stdout.flush()
        say(f"{doing}'{path}': {error.strerror}")


class Entry:
    """One file."""

    def __init__(self, path: str, start: str, depth: int, status: os.stat_result) -> None:
        self.path = path
        self.start = start
        self.depth = depth
        self.status = status
        """Of the file, or of what it links to if links are followed."""
        self.pruned = False

    @property
    def name(self) -> str:
        """The last part of the path; of ``/`` it is ``/``."""
        return self.path.rstrip("/").rpartition("/")[2] or self.path[:1]


def say(text: str) -> None:
    """A line on stderr."""
    sys.stderr.write(f"find: {text}\n")
    sys.stderr.flush()
