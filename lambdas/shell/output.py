"""Passes a command's output to the log, to S3, and to the error message.

Memory and log are bounded: a command may print for hours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from runner.redaction import Redaction, StreamRedaction

MAX_LINE = 16_384
"""In bytes. A longer line is logged in pieces."""

MAX_LOGGED_LINES = 50_000
MAX_LOGGED_BYTES = 16 * 1024 * 1024
"""Per stream. CloudWatch Logs is the most expensive place for a command's output; S3 gets all of it."""

TAIL_LINES = 20
_TAIL_BYTES = 8_192


class Sink(Protocol):
    """Receives a stream's bytes."""

    def write(self, data: bytes) -> object:
        """Receive more bytes."""
        ...

    def close(self) -> None:
        """The stream has ended."""
        ...


class Redactor:
    """Replaces secrets in a stream, even if a secret is split between two pieces."""

    def __init__(self, secrets: Collection[str], sink: Sink) -> None:
        self._redaction = StreamRedaction(Redaction(secrets))
        self._sink = sink

    def write(self, data: bytes) -> None:
        """Pass on all bytes except those that may be the beginning of a secret."""
        self._sink.write(self._redaction.feed(data))

    def close(self) -> None:
        """Pass on the rest."""
        self._sink.write(self._redaction.end())
        self._sink.close()


class Tail:
    """Keeps a stream's last lines."""

    def __init__(self) -> None:
        self._kept = b""

    def write(self, data: bytes) -> None:
        """Keep the last bytes."""
        self._kept = (self._kept + data)[-_TAIL_BYTES:]

    def close(self) -> None:
        """Do nothing."""

    def text(self) -> str:
        """The last 20 lines; fewer if they are long."""
        lines = self._kept.decode("utf-8", "replace").strip("\n").splitlines()
        return "\n".join(lines[-TAIL_LINES:])


class LineLog:
    """Logs each line up to a limit, and at the end the last lines beyond it."""

    def __init__(self, log: Callable[[str], None], beyond: Callable[[int, str], None]) -> None:
        """At the end, ``beyond(bytes, text)`` gets how much was not logged, and the last lines of that."""
        self._log = log
        self._beyond = beyond
        self._rest = b""
        self._lines = 0
        self._bytes = 0
        self._left_out = 0
        self._tail = Tail()

    def write(self, data: bytes) -> None:
        """Log the complete lines."""
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
        """Log the rest."""
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
    """Where to cut a line that is too long, so that no UTF-8 character is split."""
    for end in range(MAX_LINE, MAX_LINE - 4, -1):
        if line[end] & 0b1100_0000 != 0b1000_0000:
            return end
    return MAX_LINE


class Tee:
    """Passes a stream to several sinks."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks

    def write(self, data: bytes) -> None:
        """Write to each sink."""
        for sink in self._sinks:
            sink.write(data)

    def close(self) -> None:
        """Close each sink."""
        for sink in self._sinks:
            sink.close()


def close_all(streams: Mapping[str, Sink]) -> None:
    """Close the sinks of all streams."""
    for sink in streams.values():
        sink.close()
