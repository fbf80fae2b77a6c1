"""Ends the handler's work before Lambda's own timeout does, so that the failure can be told."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class HandlerTimeout(BaseException):
    """Raised in the handler's main thread when its time is over.

    Not an Exception, so that a handler's ``except Exception`` does not swallow it.
    """


def margin(timeout_seconds: float) -> float:
    """Seconds before Lambda's timeout at which the handler is ended: time to clean up and to say so."""
    return min(10.0, timeout_seconds * 0.2)


@contextmanager
def uninterrupted(*, over: bool = False) -> Iterator[None]:
    """No HandlerTimeout in the block, which cleans up: it is raised after it.

    ``over``: the work is over, and its outcome known, so that there is no HandlerTimeout after it either.
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

    Works in the main thread, where Lambda runs handlers; in another one it does nothing.
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
