"""Ends the handler's work before Lambda's own timeout does, so that the failure can be reported."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class HandlerTimeout(BaseException):
    """Raised in the main thread when the handler's time is up.

    It is not an Exception, so that ``except Exception`` in a handler does not swallow it.
    """


def margin(timeout_seconds: float) -> float:
    """How many seconds before Lambda's timeout the handler ends: time to clean up and to report."""
    return min(10.0, timeout_seconds * 0.2)


@contextmanager
def uninterrupted(*, over: bool = False) -> Iterator[None]:
    """Hold HandlerTimeout back until the block, which cleans up, has ended.

    ``over``: the work is over and its outcome known, so no HandlerTimeout is raised after the block either.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    try:
        yield
    finally:
        if over and threading.current_thread() is threading.main_thread():
            signal.setitimer(signal.ITIMER_REAL, 0)
            while signal.SIGALRM in signal.sigpending():
                signal.sigwait({signal.SIGALRM})
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise HandlerTimeout in the block after ``seconds``.

    It works in the main thread, where Lambda runs handlers, and does nothing in any other.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_signum: int, _frame: FrameType | None) -> None:
        raise HandlerTimeout

    previous = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
