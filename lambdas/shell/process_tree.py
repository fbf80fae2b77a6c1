"""A command's processes, including those that have left its process group."""

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
    """The processes of a command: its process group, and every new process below this one.

    A child that starts its own session (``setsid``, a daemon) leaves the group, and becomes an orphan once
    its parent has ended. So this process adopts orphans (Linux, prctl(2), PR_SET_CHILD_SUBREAPER) and finds
    them among its descendants. Create it before the command starts.
    """

    def __init__(self) -> None:
        _adopt_orphans()
        self._others = descendants(os.getpid())

    def signal(self, group: int, number: signal.Signals) -> None:
        """Send a signal to the group and to all new processes."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
        for pid in descendants(os.getpid()) - self._others:
            _send(pid, number)

    def reap(self, leader: int) -> None:
        """Reap adopted processes that have ended. Whoever started ``leader`` reaps it."""
        for pid in self._adopted(leader):
            _reap(pid)

    def kill(self, group: int) -> bool:
        """Kill them all, including those that start meanwhile. Returns whether none is left within 2 s.

        It does not pause: a process that forks and exits every millisecond is gone before a scan of /proc is
        complete, but not before this process's own children are listed.
        """
        until = time.monotonic() + KILL_SECONDS
        self.signal(group, signal.SIGKILL)
        while time.monotonic() < until:
            for pid in self._adopted(group):
                _send(pid, signal.SIGKILL)
                _reap(pid)
            if not self._adopted(group):
                left = descendants(os.getpid()) - self._others - {group}
                if not left:
                    return True
                for pid in left:
                    _send(pid, signal.SIGKILL)
        return False

    def _adopted(self, leader: int) -> set[int]:
        """The new children of this process, without the command's first process."""
        return children(os.getpid()) - self._others - {leader}


def children(pid: int) -> set[int]:
    """The children of a process, from the kernel's list if it keeps one (proc_tid_children(5))."""
    found: set[int] = set()
    for task in _entries(_PROC / str(pid) / "task"):
        try:
            found.update(map(int, (_PROC / str(pid) / "task" / task / "children").read_text().split()))
        except FileNotFoundError:
            if (_PROC / str(pid) / "task" / task / "stat").exists():  # This kernel keeps no such lists.
                return {child for child, parent in _parents() if parent == pid}
    return found


def descendants(pid: int) -> set[int]:
    """The children of a process, their children, and so on. Empty on systems without /proc."""
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
        # pid (name) state parent ...; the name may contain anything, even parentheses (proc(5)).
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if entry.isdigit():
                stat = (_PROC / entry / "stat").read_text(errors="replace")
                found.append((int(entry), int(stat.rpartition(")")[2].split()[1])))
    return found


def _entries(directory: Path) -> list[str]:
    """The names in a directory of /proc; empty if it does not exist. Raises any other OSError."""
    try:
        return os.listdir(directory)  # noqa: PTH208 - only the names are needed
    except (FileNotFoundError, ProcessLookupError):
        return []


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _adopt_orphans() -> None:
    if not prctl(Option.ADOPT_ORPHANS, 1):
        environment.condemn("the processes that a command leaves behind cannot be followed")
