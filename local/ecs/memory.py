"""How much memory the processes of a container use. Linux only."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
_PROC = Path("/proc")


def own_memory_mb(processes: Iterable[int]) -> dict[int, float]:
    """The memory in MB that each process has to itself (proc(5), statm: resident without shared)."""
    found = {}
    for pid in processes:
        with contextlib.suppress(OSError, ValueError, IndexError):
            resident, shared = map(int, (_PROC / str(pid) / "statm").read_text().split()[1:3])
            found[pid] = (resident - shared) * _PAGE_KB / 1024
    return found


def largest_beyond(used: Mapping[int, float], limit_mb: float | None) -> int | None:
    """The largest process if all of them use more than the limit, which Linux would kill (memory cgroups).

    None if they use no more, or if there is no limit.
    """
    if limit_mb is None or sum(used.values()) <= limit_mb:
        return None
    return max(used, key=used.__getitem__)


def catches(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal (proc(5), status: SigCgt). True if that is unknown."""
    with contextlib.suppress(OSError, ValueError):
        for line in (_PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return True
