"""The state of the process, restored after each task because the next task gets the same process.

Lambda reuses an execution environment for later tasks of any pipeline (Lambda developer guide,
"Understanding the Lambda execution environment lifecycle").
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LIMITS = {
    name: getattr(resource, name)
    for name in dir(resource)
    if name.startswith("RLIMIT_") and name != "RLIMIT_OFILE"  # RLIMIT_NOFILE's other name
}
_SIGNALS = [number for number in range(1, 32) if number not in (signal.SIGKILL, signal.SIGSTOP)]
_FILES = "/proc/self/fd"


@dataclass(frozen=True)
class Surroundings:
    """A process's limits, scheduling, processors, umask, working directory, signals, and variables."""

    limits: Mapping[str, tuple[int, int]]
    priority: int
    policy: int
    processors: frozenset[int]
    umask: int
    directory: str
    signals: tuple[Any, ...]
    blocked: frozenset[int]
    variables: Mapping[str, str]

    @classmethod
    def now(cls) -> Surroundings:
        """The current state."""
        umask = os.umask(0o077)
        os.umask(umask)
        return cls(
            limits={name: resource.getrlimit(number) for name, number in _LIMITS.items()},
            priority=os.getpriority(os.PRIO_PROCESS, 0),
            policy=os.sched_getscheduler(0) if hasattr(os, "sched_getscheduler") else 0,
            processors=frozenset(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else frozenset(),
            umask=umask,
            directory=_directory(),
            signals=tuple(signal.getsignal(number) for number in _SIGNALS),
            blocked=frozenset(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
            variables=dict(os.environ),
        )

    def restore(self) -> list[str]:
        """Restore what differs, and return what could not be restored. Main thread only, as for signals."""
        now = Surroundings.now()
        if now == self:
            return []
        for name, limits in self.limits.items():
            if now.limits[name] != limits:
                _try(resource.setrlimit, _LIMITS[name], limits)
        if now.priority != self.priority:
            _try(os.setpriority, os.PRIO_PROCESS, 0, self.priority)
        if now.policy != self.policy:
            _try(os.sched_setscheduler, 0, self.policy, os.sched_param(0))
        if now.processors != self.processors:
            _try(os.sched_setaffinity, 0, self.processors)
        os.umask(self.umask)
        _try(os.chdir, self.directory)
        for number, before, after in zip(_SIGNALS, self.signals, now.signals, strict=True):
            if before is not after and before is not None:
                _try(signal.signal, number, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, self.blocked)
        if now.variables != self.variables:
            os.environ.clear()
            os.environ.update(self.variables)
        return self._differences(Surroundings.now())

    def _differences(self, other: Surroundings) -> list[str]:
        limits = [
            f"{name} is {other.limits[name]} and was {limits}"
            for name, limits in self.limits.items()
            if other.limits[name] != limits
        ]
        names = ("priority", "policy", "processors", "umask", "directory", "signals", "blocked", "variables")
        return [
            *limits,
            *(f"{name} changed" for name in names if getattr(self, name) != getattr(other, name)),
        ]


def few_files_left() -> bool:
    """Whether the process has opened more than half of the files that it may open. Linux only."""
    try:
        count = len(os.listdir(_FILES))  # noqa: PTH208 - only names are needed, for every task
    except FileNotFoundError:
        return False
    except OSError:  # Not even this directory could be opened.
        return True
    return count > resource.getrlimit(resource.RLIMIT_NOFILE)[0] / 2


def _directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        return ""


def _try(restore: Any, *arguments: Any) -> None:
    """Ignore errors: the comparison afterwards shows them."""
    try:
        restore(*arguments)
    except (OSError, ValueError):
        return
