"""What the kernel does for a process: prctl(2), which Python has no function for."""

from __future__ import annotations

import sys
from enum import IntEnum


class Option(IntEnum):
    """The options that are used here, as <linux/prctl.h> numbers them."""

    SIGNAL_WHEN_PARENT_ENDS = 1
    """PR_SET_PDEATHSIG"""
    DUMPABLE = 4
    """PR_SET_DUMPABLE"""
    ADOPT_ORPHANS = 36
    """PR_SET_CHILD_SUBREAPER"""


def prctl(option: Option, value: int) -> bool:
    """Whether the kernel did it. True where there is none of Linux: tests run there, functions do not."""
    if sys.platform != "linux":
        return True
    import ctypes

    return bool(ctypes.CDLL(None).prctl(int(option), value, 0, 0, 0) == 0)
