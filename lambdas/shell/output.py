"""Where a command's output goes: the log, the place in S3, and the error message.

All of it is bounded: a command may print for hours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from runner.redaction import Redaction, StreamRedaction

MAX_LINE = 16_384
"""Bytes; a longer line is logged in pieces."""

MAX_LOGGED_LINES = 50_000
MAX_LOGGED_BYTES = 16 * 1024 * 1024
"""Of each stream. CloudWatch Logs is the dearest place for a command's output; S3 gets all of it."""

TAIL_LINES = 20
_TAIL_BYTES = 8_192


class Sink(Protocol):
    """Takes a stream's bytes."""

    def write(self, data: bytes) -> object:
        """Take some more."""
        ...

    def close(self) -> None:
        """There is no more."""
        ...


class Redactor:
    """Replaces secrets in a stream, also where one is split between two pieces of it."""

    def __init__(self, secrets: Collection[str], sink: Sink) -> None:
        self._redaction = StreamRedaction(Redaction(secrets))
        self._sink = sink

    def write(self, data: bytes) -> None:
        """Hand on all but so much as may be the beginning of a secret."""
        self._sink.write(self._redaction.feed(data))

    def close(self) -> None:
        """Hand on the rest."""
        self._sink.write(self._redaction.end())
        self._sink.close()


class Tail:
    """Remembers a stream's last lines."""

    def __init__(self) -> None:
        self._kept = b""

    def write(self, data: bytes) -> None:
        """Keep the end of it."""
        self._kept = (self._kept + data)[-_TAIL_BYTES:]

    def close(self) -> None:
        """Nothing more to do."""

    def text(self) -> str:
        """The last 20 lines, if they are not too long."""
        lines = self._kept.decode("utf-8", "replace").strip("\n").splitlines()
        return "\n".join(lines[-TAIL_LINES:])


class LineLog:
    """Gives each line to ``log``, up to a limit; of what is beyond, the last lines at the end."""

    def __init__(self, log: Callable[[str], None], beyond: Callable[[int, str], None]) -> None:
        """``beyond(bytes, text)`` is told at the end how much was not logged, and its last lines."""
        self._log = log
        self._beyond = beyond
        self._rest = b""
        self._lines = 0
        self._bytes = 0
        self._left_out = 0
        self._tail = Tail()

    def write(self, data: bytes) -> None:
        """Log the lines that are complete."""
        if self._is_full():
            self._left_out += len(data)
            self._tail.write(data)
            return
        *lines, rest = (self._rest + data).split(b"\n")
        while len(rest) > MAX_LINE:
            end = _end_of_piece(rest)
            lines.append(rest[:end])
            rest = rest[end:]
        self._rest = rest
        for number, line in enumerate(lines):
            if self._is_full():
                left = b"\n".join([*lines[number:], rest])
                self._left_out += len(left)
                self._tail.write(left)
                self._rest = b""
                return
            self._log_line(line)

    def close(self) -> None:
        """Log what is left."""
        if self._rest:
            self._log_line(self._rest)
            self._rest = b""
        if self._left_out:
            self._beyond(self._left_out, self._tail.text())

    def _is_full(self) -> bool:
        return self._lines >= MAX_LOGGED_LINES or self._bytes >= MAX_LOGGED_BYTES

    def _log_line(self, line: bytes) -> None:
        self._lines += 1
        self._bytes += len(line)
        while len(line) > MAX_LINE:
            end = _end_of_piece(line)
            self._log(line[:end].decode("utf-8", "replace"))
            line = line[end:]
        self._log(line.decode("utf-8", "replace").rstrip("\r"))


def _end_of_piece(line: bytes) -> int:
    """Where a piece of a line that is too long ends: not within a character of UTF-8."""
    for end in range(MAX_LINE, MAX_LINE - 4, -1):
        if line[end] & 0b1100_0000 != 0b1000_0000:
            return end
    return MAX_LINE


class Tee:
    """Gives a stream to several sinks."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks

    def write(self, data: bytes) -> None:
        """To each."""
        for sink in self._sinks:
            sink.write(data)

    def close(self) -> None:
        """Each."""
        for sink in self._sinks:
            sink.close()


def close_all(streams: Mapping[str, Sink]) -> None:
    """Close the sinks of all streams."""
    for sink in streams.values():
        sink.close()
