"""The processes below a process: found, killed, frozen and thawed, in whatever session they are.

The supervisor of an execution environment imports this, so it has to load fast: it needs no more than os.
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
    """The children of a process. One may be missing if another ends meanwhile (proc(5)): look again."""
    if not _HAS_CHILDREN:
        return _children_by_parent().get(pid, [])
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"{_PROC}/{pid}/task"):  # noqa: PTH208
            found += map(int, _read(f"{_PROC}/{pid}/task/{thread}/children").split())
    return found


def descendants(pid: int) -> list[int]:
    """The children of a process, and theirs."""
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
    """Kill a process, its group, and its descendants in groups and sessions of their own.

    It is stopped first, so that it starts nothing more; if it is a subreaper (Linux, prctl(2)), it stays the
    parent of all that is orphaned meanwhile.
    """
    send(pid, signal.SIGSTOP)
    kill_below(pid)
    send_group(pid, signal.SIGKILL)
    send(pid, signal.SIGKILL)


def kill_below(pid: int) -> None:
    """Kill the descendants of a process, those too that are started meanwhile; not for longer than 2 s."""
    until = time.monotonic() + _KILL_SECONDS
    killed: set[int] = set()
    while (left := [below for below in descendants(pid) if is_running(below)]) and time.monotonic() < until:
        for descendant in left:
            send(descendant, signal.SIGKILL)
        if killed.issuperset(left):
            time.sleep(_PAUSE_SECONDS)
        killed.update(left)


def freeze(pid: int) -> list[int] | None:
    """Stop all that runs below a process, and return whom, for `thaw`. What stood still already is not told.

    None if that did not succeed in a second: something starts processes faster than they can be stopped.
    """
    stopped: list[int] = []
    seen: set[int] = set()
    quiet = 0
    until = time.monotonic() + _FREEZE_SECONDS
    while quiet < 2:  # Once is not enough: see `children`.
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
    """Let run again what `freeze` has stopped."""
    for pid in stopped:
        send(pid, signal.SIGCONT)


def is_running(pid: int) -> bool:
    """Whether a process has not ended; it may be stopped."""
    return _state(pid) not in "ZX"


def send(pid: int, number: int) -> None:
    """Send a signal to a process, which may be gone, or another user's."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def send_group(group: int, number: int) -> None:
    """Send a signal to a process group, which may be gone, or another user's."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def peak_memory_mb(pid: int) -> int:
    """The most memory a process has had so far, in MB; 0 where /proc does not tell."""
    with contextlib.suppress(OSError):
        for line in _read(f"{_PROC}/{pid}/status").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return 0


def _state(pid: int) -> str:
    """The letter of proc(5) and ps(1): Z for what has ended and T for what is stopped. X if it is gone."""
    if not os.path.exists(f"{_PROC}/self/stat"):  # noqa: PTH110
        return _ps("-o", "stat=", "-p", str(pid)).strip()[:1] or "X"
    try:
        # "pid (command) state parent ...", and the command may have spaces and parentheses: proc(5).
        return _read(f"{_PROC}/{pid}/stat").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "X"


def _children_by_parent() -> dict[int, list[int]]:
    """All processes by their parents: from /proc, or from ps where there is no /proc."""
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
    import subprocess  # Slow to load, and only needed where there is no /proc.

    return subprocess.run(["ps", *arguments], capture_output=True, text=True, check=False).stdout


def _read(path: str) -> str:
    with open(path, errors="replace") as file:  # noqa: PTH123
        return file.read()
