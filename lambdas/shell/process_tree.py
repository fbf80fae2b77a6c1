"""A command's processes, those too that have left its process group."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_KILL_SECONDS = 2.0


class ProcessTree:
    """What a command starts: its process group, and every process below this one that is new.

    A child that starts a session of its own (``setsid``, a daemon) leaves the group, and when its parent has
    ended it is nobody's child. So this process adopts such orphans (Linux, prctl(2),
    PR_SET_CHILD_SUBREAPER) and finds them among its descendants. Make it before the command is started.
    """

    def __init__(self) -> None:
        _adopt_orphans()
        self._others = descendants(os.getpid())

    def signal(self, group: int, number: signal.Signals) -> None:
        """Send a signal to the group and to all that is new."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
        for pid in descendants(os.getpid()) - self._others:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def kill(self, group: int) -> None:
        """End them all, also those that are started meanwhile."""
        until = time.monotonic() + _KILL_SECONDS
        self.signal(group, signal.SIGKILL)
        while left := descendants(os.getpid()) - self._others - {group}:
            self.signal(group, signal.SIGKILL)
            for pid in left:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            if time.monotonic() > until:
                return
            time.sleep(0.01)


def descendants(pid: int) -> set[int]:
    """The children of a process, and theirs. Empty where there is no /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        # pid (name) state parent ...; the name may have anything in it, parentheses too (proc(5)).
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int(entry.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.parent.name))
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        new = [child for child in children.get(waiting.pop(), ()) if child not in found]
        found.update(new)
        waiting += new
    return found


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
