"""prctl(2), for which Python has no function."""

from __future__ import annotations

import sys
from enum import IntEnum


class Option(IntEnum):
    """The options in use, with their numbers in <linux/prctl.h>."""

    SIGNAL_WHEN_PARENT_ENDS = 1
    """PR_SET_PDEATHSIG"""
    DUMPABLE = 4
    """PR_SET_DUMPABLE"""
    ADOPT_ORPHANS = 36
    """PR_SET_CHILD_SUBREAPER"""


def prctl(option: Option, value: int) -> bool:
    """Returns whether it succeeded. True on systems other than Linux, where only tests run."""
    if sys.platform != "linux":
        return True
    import ctypes

    return bool(ctypes.CDLL(None).prctl(int(option), value, 0, 0, 0) == 0)
