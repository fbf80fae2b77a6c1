"""The last resort: this process adopts processes that have lost all their parents, and kills them.

Supervisors end everything that runs below them. If all supervisors of a process tree are killed at once, what
they leave becomes a child of this process (Linux: prctl(2), PR_SET_CHILD_SUBREAPER). Such a child is known by
its session: children that this process starts itself stay in its own session.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from local.processes.descendants import children, send

_PR_SET_CHILD_SUBREAPER = 36


class Orphans:
    """The orphans of this process, which must not start a new session for any of its own children."""

    def __init__(self) -> None:
        self._adopted = False

    def adopt(self) -> None:
        """Become the parent of orphaned descendants, from now on."""
        if sys.platform == "linux":
            import ctypes

            rest = [ctypes.c_ulong(word) for word in (1, 0, 0, 0)]
            self._adopted = ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, *rest) == 0

    def end(self) -> bool:
        """Kill all orphans. Returns whether there were any."""
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
"""The orphans of this process."""
