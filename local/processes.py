"""Ending a process with everything that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections import defaultdict
from pathlib import Path

PROC = Path("/proc")


def kill_tree(pid: int) -> None:
    """Kill a process group's leader, its group, and its descendants in groups and sessions of their own.

    An execution environment is a virtual machine: when Lambda ends one, nothing that ran in it is left.
    The leader is stopped first, so that it starts nothing more while its descendants are counted.
    """
    _signal(pid, signal.SIGSTOP)
    descendants = _descendants(pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    for descendant in descendants:
        _signal(descendant, signal.SIGKILL)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _descendants(pid: int) -> list[int]:
    children = defaultdict(list)
    for child, parent in _parents():
        children[parent].append(child)
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children[waiting.pop()]
        found += below
        waiting += below
    return found


def _parents() -> list[tuple[int, int]]:
    """Every process with its parent: from /proc, or from ps where there is no /proc."""
    if not (PROC / "self" / "stat").exists():
        listing = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=False
        )
        return [(int(child), int(parent)) for child, parent in map(str.split, listing.stdout.splitlines())]
    pairs = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # "pid (command) state ppid ...", and the command may have spaces and parentheses: proc(5).
                after_command = (entry / "stat").read_text().rpartition(")")[2].split()
                pairs.append((int(entry.name), int(after_command[1])))
    return pairs


def peak_memory_mb(pid: int) -> int:
    """The most memory a process has had so far, in MB; 0 where /proc does not tell."""
    with contextlib.suppress(OSError):
        for line in (PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return 0
