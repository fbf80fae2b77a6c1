"""Reads ahead: a thread reads blocks from a database while those before are written."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Generic, Protocol, TypeVar

_BYTES = 10 * 1024 * 1024
"""What may wait. It is more than one LOAD DATA takes."""
_END_SECONDS = 5.0


class Sized(Protocol):
    """Something that is read."""

    @property
    def size(self) -> int:
        """About how many bytes it has."""
        ...


T = TypeVar("T", bound=Sized)


def ahead(blocks: Iterable[T], interrupt: Callable[[], None]) -> Generator[T, None, None]:
    """The blocks, which a thread reads. Raises what reading raises.

    Close the result before something else uses what the blocks are read from. ``interrupt`` makes reading end
    with an error. It is called if not all blocks were taken.
    """
    waiting = _Waiting[T]()
    thread = threading.Thread(target=waiting.fill, args=(blocks,), name="read-ahead", daemon=True)
    thread.start()
    try:
        while block := waiting.take():
            yield block
    finally:
        if waiting.drop():
            interrupt()
        thread.join(_END_SECONDS)


class _Waiting(Generic[T]):
    """Blocks between two threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._blocks: deque[T] = deque()
        self._bytes = 0
        self._is_filled = False
        self._is_dropped = False
        self._error: BaseException | None = None

    def fill(self, blocks: Iterable[T]) -> None:
        """Add all blocks, whenever there is room, until ``drop``."""
        try:
            for block in blocks:
                with self._changed:
                    self._blocks.append(block)
                    self._bytes += block.size
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._bytes < _BYTES or self._is_dropped)
                    if self._is_dropped:
                        return
        except BaseException as error:
            self._error = error
        finally:
            with self._changed:
                self._is_filled = True
                self._changed.notify_all()

    def take(self) -> T | None:
        """The next block. None after the last. Raises what reading has raised."""
        with self._changed:
            self._changed.wait_for(lambda: self._blocks or self._is_filled)
            if self._blocks:
                block = self._blocks.popleft()
                self._bytes -= block.size
                self._changed.notify_all()
                return block
        if self._error:
            raise self._error
        return None

    def drop(self) -> bool:
        """Take no further block. Returns whether there are any."""
        with self._changed:
            self._is_dropped = True
            self._changed.notify_all()
            return not self._is_filled
