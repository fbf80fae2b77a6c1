"""Limits a process to the share of a CPU that Lambda gives a function, where control groups can do it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

VCPU_MB = 1_769
"""With so much memory a function has one vCPU (Lambda developer guide, memory)."""

_PERIOD_MICROSECONDS = 20_000
_GROUPS = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def share_of(memory_mb: int) -> Iterator[Callable[[], None] | None]:
    """A ``preexec_fn`` that limits a process to the CPU of ``memory_mb``, or None if it cannot be limited."""
    quota = round(_PERIOD_MICROSECONDS * memory_mb / VCPU_MB)
    name = f"share-{os.getpid()}-{memory_mb}"
    version_1 = (_GROUPS / "cpu" / "cpu.cfs_quota_us").exists()
    group = (_GROUPS / "cpu" if version_1 else _GROUPS) / name
    try:
        group.mkdir()
    except OSError:  # no control groups, or no right to them
        yield None
        return
    try:
        if version_1:
            (group / "cpu.cfs_period_us").write_text(str(_PERIOD_MICROSECONDS))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (group / "cpu.max").write_text(f"{quota} {_PERIOD_MICROSECONDS}")
        yield lambda: _enter(group)
    except OSError:  # the group has no CPU controller
        yield None
    finally:
        group.rmdir()


def _enter(group: Path) -> None:
    (group / "cgroup.procs").write_text(str(os.getpid()))
