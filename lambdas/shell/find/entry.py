"""A file that the search visits, and the state of the search."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable


class UsageError(Exception):
    """The arguments are invalid. Nothing has been done."""


class Quit(Exception):
    """``-quit``."""


class Search:
    """The options of a search, and its progress."""

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
        """Whether the expression contains an action. If not, ``-print`` is added."""
        self.prunes = False
        self.deletes = False
        self.now = time.time_ns()
        self.exit_code = 0
        self.at_end: list[Callable[[], None]] = []

    def complain(self, path: str, error: OSError, doing: str = "") -> None:
        """Report an error on stderr, and go on. The exit code will be 1."""
        self.exit_code = 1
        sys.stdout.flush()
        say(f"{doing}'{path}': {error.strerror}")


class Entry:
    """A file."""

    def __init__(self, path: str, start: str, depth: int, status: os.stat_result) -> None:
        self.path = path
        self.start = start
        self.depth = depth
        self.status = status
        """The status of the file, or of the link's target if links are followed."""
        self.pruned = False

    @property
    def name(self) -> str:
        """The last part of the path; ``/`` for the root."""
        return self.path.rstrip("/").rpartition("/")[2] or self.path[:1]


def say(text: str) -> None:
    """Print a line on stderr."""
    sys.stderr.write(f"find: {text}\n")
    sys.stderr.flush()
