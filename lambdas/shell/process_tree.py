"""A command's processes, those too that have left its process group."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from runner import environment
from runner.linux import Option, prctl

KILL_SECONDS = 2.0
_PROC = Path("/proc")


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
            _send(pid, number)

    def reap(self, leader: int) -> None:
        """Take leave of adopted processes that have ended; ``leader`` is left to who started it."""
        for pid in children(os.getpid()) - self._others - {leader}:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def kill(self, group: int) -> bool:
        """End them all, also those that are started meanwhile. Whether that could be done within 2 s.

        Without a pause: a process that forks and ends every millisecond is gone before a look at the whole
        of /proc is over, but not before a look at this process's own children.
        """
        until = time.monotonic() + KILL_SECONDS
        self.signal(group, signal.SIGKILL)
        while time.monotonic() < until:
            for pid in children(os.getpid()) - self._others - {group}:
                _send(pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            if not children(os.getpid()) - self._others - {group}:
                left = descendants(os.getpid()) - self._others - {group}
                if not left:
                    return True
                for pid in left:
                    _send(pid, signal.SIGKILL)
        return False


def children(pid: int) -> set[int]:
    """The children of a process, from the kernel's own list where there is one (proc_tid_children(5))."""
    found: set[int] = set()
    for task in _entries(_PROC / str(pid) / "task"):
        try:
            found.update(map(int, (_PROC / str(pid) / "task" / task / "children").read_text().split()))
        except FileNotFoundError:
            if (_PROC / str(pid) / "task" / task / "stat").exists():  # a kernel without such lists
                return {child for child, parent in _parents() if parent == pid}
    return found


def descendants(pid: int) -> set[int]:
    """The children of a process, and theirs. Empty where there is no /proc."""
    by_parent: dict[int, list[int]] = {}
    for child, parent in _parents():
        by_parent.setdefault(parent, []).append(child)
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        new = [child for child in by_parent.get(waiting.pop(), ()) if child not in found]
        found.update(new)
        waiting += new
    return found


def _parents() -> list[tuple[int, int]]:
    found = []
    for entry in _entries(_PROC):
        # pid (name) state parent ...; the name may have anything in it, parentheses too (proc(5)).
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if entry.isdigit():
                stat = (_PROC / entry / "stat").read_text(errors="replace")
                found.append((int(entry), int(stat.rpartition(")")[2].split()[1])))
    return found


def _entries(directory: Path) -> list[str]:
    """The names in a directory of /proc; none where there is no /proc. Any other error is raised."""
    try:
        return os.listdir(directory)  # noqa: PTH208 - names alone
    except (FileNotFoundError, ProcessLookupError):
        return []


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _adopt_orphans() -> None:
    if not prctl(Option.ADOPT_ORPHANS, 1):
        environment.condemn("the processes that a command leaves behind cannot be followed")
