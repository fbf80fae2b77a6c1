"""The last resort: this process adopts what has lost all its parents, and ends it.

Whatever runs below the supervisors of a process tree is theirs to end. If they are killed at once, what they
left becomes a child of this process (Linux: prctl(2), PR_SET_CHILD_SUBREAPER). It has a session of its own,
which no child that was started here has.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from local.processes.descendants import children, send

_PR_SET_CHILD_SUBREAPER = 36


class Orphans:
    """Of this process, which must not start a session for any child of its own."""

    def __init__(self) -> None:
        self._adopted = False

    def adopt(self) -> None:
        """Become the parent of orphaned descendants, from now on and for good."""
        if sys.platform == "linux":
            import ctypes

            rest = [ctypes.c_ulong(word) for word in (1, 0, 0, 0)]
            self._adopted = ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, *rest) == 0

    def end(self) -> bool:
        """Kill those that are there. Returns whether there were any."""
        found = self._found() if self._adopted else []
        for pid in found:
            send(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        return bool(found)

    def _found(self) -> list[int]:
        own = os.getsid(0)
        found = []
        for pid in children(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(pid) != own:
                    found.append(pid)
        return found


ORPHANS = Orphans()
"""This process's."""
