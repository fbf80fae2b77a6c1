"""Finds, kills, freezes and thaws the descendants of a process, whatever session they are in.

The supervisor of each execution environment imports this module, so it has to load fast: it imports little
but os.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

_PROC = "/proc"
_HAS_CHILDREN = os.path.exists(f"{_PROC}/self/task/{os.getpid()}/children")  # noqa: PTH110
_KILL_SECONDS = 2.0
_FREEZE_SECONDS = 1.0
_PAUSE_SECONDS = 0.001


def children(pid: int) -> list[int]:
    """The children of a process. One may be missing if another ends meanwhile (proc(5)), so look twice."""
    if not _HAS_CHILDREN:
        return _children_by_parent().get(pid, [])
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"{_PROC}/{pid}/task"):  # noqa: PTH208
            found += map(int, _read(f"{_PROC}/{pid}/task/{thread}/children").split())
    return found


def descendants(pid: int) -> list[int]:
    """The children of a process, their children, and so on."""
    by_parent = None if _HAS_CHILDREN else _children_by_parent()
    found: list[int] = []
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        below = children(parent) if by_parent is None else by_parent.get(parent, [])
        new = [child for child in below if child not in found]
        found += new
        waiting += new
    return found


def kill_tree(pid: int) -> None:
    """Kill a process, its group and all its descendants, even in groups and sessions of their own.

    The process is stopped first, so that it starts nothing more. If it is a subreaper (Linux, prctl(2)), it
    stays the parent of everything that is orphaned meanwhile.
    """
    send(pid, signal.SIGSTOP)
    kill_below(pid)
    send_group(pid, signal.SIGKILL)
    send(pid, signal.SIGKILL)


def kill_below(pid: int) -> None:
    """Kill all descendants of a process, also those started meanwhile. Gives up after 2 s."""
    until = time.monotonic() + _KILL_SECONDS
    killed: set[int] = set()
    while (left := [below for below in descendants(pid) if is_running(below)]) and time.monotonic() < until:
        for descendant in left:
            send(descendant, signal.SIGKILL)
        if killed.issuperset(left):
            time.sleep(_PAUSE_SECONDS)
        killed.update(left)


def freeze(pid: int) -> list[int] | None:
    """Stop everything that runs below a process. Returns the pids for `thaw`, without those stopped before.

    Returns None if it takes longer than a second: something starts processes faster than they can be stopped.
    """
    stopped: list[int] = []
    seen: set[int] = set()
    quiet = 0
    until = time.monotonic() + _FREEZE_SECONDS
    while quiet < 2:  # Look twice: see `children`.
        new = [descendant for descendant in descendants(pid) if descendant not in seen]
        for descendant in new:
            if _state(descendant) not in "TtZX":
                send(descendant, signal.SIGSTOP)
                stopped.append(descendant)
        seen.update(new)
        quiet = 0 if new else quiet + 1
        if time.monotonic() > until:
            return None
    return stopped


def thaw(stopped: list[int]) -> None:
    """Continue the processes that `freeze` stopped."""
    for pid in stopped:
        send(pid, signal.SIGCONT)


def is_running(pid: int) -> bool:
    """Whether a process has not ended. A stopped process counts as running."""
    return _state(pid) not in "ZX"


def send(pid: int, number: int) -> None:
    """Send a signal to a process. It may be gone, or another user's."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def send_group(group: int, number: int) -> None:
    """Send a signal to a process group. It may be gone, or another user's."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def peak_memory_mb(pid: int) -> int:
    """The peak memory of a process so far, in MB; 0 if /proc does not say."""
    with contextlib.suppress(OSError):
        for line in _read(f"{_PROC}/{pid}/status").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return 0


def _state(pid: int) -> str:
    """The state letter of proc(5) and ps(1): Z for ended, T for stopped; X if the process is gone."""
    if not os.path.exists(f"{_PROC}/self/stat"):  # noqa: PTH110
        return _ps("-o", "stat=", "-p", str(pid)).strip()[:1] or "X"
    try:
        # "pid (command) state parent ...". The command may contain spaces and parentheses: proc(5).
        return _read(f"{_PROC}/{pid}/stat").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "X"


def _children_by_parent() -> dict[int, list[int]]:
    """All processes by parent, read from /proc, or from ps where there is no /proc."""
    found: dict[int, list[int]] = {}
    if os.path.exists(f"{_PROC}/self/stat"):  # noqa: PTH110
        for name in filter(str.isdigit, os.listdir(_PROC)):  # noqa: PTH208
            try:
                parent = int(_read(f"{_PROC}/{name}/stat").rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            found.setdefault(parent, []).append(int(name))
    else:
        for line in _ps("-A", "-o", "pid=,ppid=").splitlines():
            child, parent = map(int, line.split())
            found.setdefault(parent, []).append(child)
    return found


def _ps(*arguments: str) -> str:
    import subprocess  # Slow to load, and needed only where there is no /proc.

    return subprocess.run(["ps", *arguments], capture_output=True, text=True, check=False).stdout


def _read(path: str) -> str:
    with open(path, errors="replace") as file:  # noqa: PTH123
        return file.read()
