"""This machine's processes by /proc (Linux). Any of them may end at any time, even between two reads."""

from __future__ import annotations

import time
from pathlib import Path

_PROC = Path("/proc")


def state(pid: int) -> str:
    """The letter of proc_pid_stat(5), "Z" for an ended process that is not reaped; "gone" without one."""
    fields = _fields(pid)
    return fields[0] if fields else "gone"


def parent(pid: int) -> int:
    """The parent's id; 0 for a process that is gone."""
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def is_running(pid: int) -> bool:
    """Whether the process runs. One that has ended and is not reaped does not."""
    return state(pid) not in ("Z", "gone")


def has_ended(pid: int, *, within: float = 5.0) -> bool:
    """Whether the process ends within that many seconds."""
    until = time.monotonic() + within
    while is_running(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def command_line(pid: int) -> bytes:
    """Its arguments, each ended by a zero byte; empty for a process that is gone."""
    return _read(pid, "cmdline")


def naming(text: str) -> list[int]:
    """Running processes with `text` in their command line or environment; none where there is no /proc."""
    pids = [int(entry.name) for entry in _PROC.glob("[0-9]*")]
    named = [pid for pid in pids if text.encode() in _read(pid, "cmdline") + _read(pid, "environ")]
    return [pid for pid in named if is_running(pid)]


def _fields(pid: int) -> list[str]:
    return _read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()


def _read(pid: int, name: str) -> bytes:
    try:
        return (_PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""
