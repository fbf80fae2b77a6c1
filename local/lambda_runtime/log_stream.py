"""An execution environment's log stream: lines from a pipe, delivered in batches."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

FLUSH_SECONDS = 0.5
CHUNK_BYTES = 1 << 16
MOST_CHUNKS = 16
"""A pipe holds at most 1 MiB (pipe(7)), so this reads whatever was in it at the beginning. What a program
keeps writing meanwhile is for the next time: other work must not wait for it."""
MOST_UNDELIVERED = 10_000
"""Events that wait for delivery. Beyond that, nothing is read, so that the program waits too."""
EVENT_BYTES = 262_118
"""A log event's limit (CloudWatch Logs quotas: 256 KiB with 26 bytes of overhead). Longer lines are split."""


@dataclass(frozen=True)
class LogEvent:
    at: datetime
    message: str


Deliver = Callable[[Sequence[LogEvent]], Awaitable[None]]


class LogStream:
    """Reads what an environment's processes write, in the order in which they wrote it.

    A runtime client answers only after it has written its log lines. So after an answer, `read_available`
    gets all of them: they are in the pipe by then.
    """

    def __init__(self, deliver: Deliver, *, keep_tail: bool = True) -> None:
        """Without ``keep_tail``, lines are forgotten once they are delivered."""
        self._deliver = deliver
        self._keep_tail = keep_tail
        self._undelivered: list[LogEvent] = []
        self._tail: list[str] = []
        self._unfinished = b""
        self._timer: asyncio.TimerHandle | None = None
        self._delivery = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._reading, self.write_end = os.pipe()
        os.set_blocking(self._reading, False)
        self._loop.add_reader(self._reading, self._read_some)
        self._open = True
        self._waiting = False
        """Whether nothing is read until what is there has been delivered."""

    def read_available(self) -> None:
        """Read what is in the pipe now."""
        self._read(MOST_CHUNKS)

    def _read_some(self) -> None:
        self._read(1)
        if self._open and len(self._undelivered) >= MOST_UNDELIVERED:
            self._loop.remove_reader(self._reading)
            self._waiting = True
            self._flush_in_background()

    def _read(self, chunks: int) -> None:
        lines: list[str] = []
        for _ in range(chunks):
            if not self._open:
                break
            try:
                chunk = os.read(self._reading, CHUNK_BYTES)
            except BlockingIOError:
                break
            if not chunk:
                self._stop_reading()
            *finished, self._unfinished = (self._unfinished + chunk).split(b"\n")
            lines += [_text(part) for line in finished for part in _parts(line)]
            if len(self._unfinished) > EVENT_BYTES:
                lines += [_text(part) for part in _parts(self._unfinished)]
                self._unfinished = b""
        self.write(lines)

    async def drain(self) -> None:
        """Read to the end of the pipe. Only once no process is left that could write."""
        while self._open:
            self.read_available()
            await asyncio.sleep(0.001)

    def finish_line(self) -> None:
        """End an unfinished line: nothing more will come for this invocation."""
        line, self._unfinished = self._unfinished, b""
        self.write([_text(line)] if line else [])

    def write(self, lines: Sequence[str]) -> None:
        """Add lines of Lambda's own, or of the environment's."""
        if lines:
            now = datetime.now(UTC)
            if self._keep_tail:
                self._tail += lines
            self._undelivered += [LogEvent(now, line) for line in lines]
            if self._timer is None:
                self._timer = self._loop.call_later(FLUSH_SECONDS, self._flush_in_background)

    async def flush(self) -> None:
        """Deliver everything written so far."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        async with self._delivery:
            events, self._undelivered = self._undelivered, []
            try:
                if events:
                    await self._deliver(events)
            finally:
                self._read_again()

    def _read_again(self) -> None:
        if self._waiting and self._open:
            self._waiting = False
            self._loop.add_reader(self._reading, self._read_some)

    def take_tail(self) -> tuple[str, ...]:
        """All lines since the last call."""
        tail, self._tail = self._tail, []
        return tuple(tail)

    def close(self) -> None:
        """Stop reading and drop the pipe."""
        if self._open:
            self._stop_reading()
        if self._timer is not None:
            self._timer.cancel()

    def close_write_end(self) -> None:
        """Leave writing to the environment's processes, so that the pipe ends when they have ended."""
        os.close(self.write_end)

    def _stop_reading(self) -> None:
        self._open = False
        self._loop.remove_reader(self._reading)
        with contextlib.suppress(OSError):
            os.close(self._reading)

    def _flush_in_background(self) -> None:
        self._timer = None
        task = self._loop.create_task(self.flush())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _parts(line: bytes) -> list[bytes]:
    return [line[start : start + EVENT_BYTES] for start in range(0, len(line) or 1, EVENT_BYTES)]


def _text(line: bytes) -> str:
    # awslambdaric joins the lines of an error with carriage returns; Lambda makes one event of them.
    return line.decode("utf-8", "replace").replace("\r", "\n")
