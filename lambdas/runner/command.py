"""Runs a command, streams its output by lines, and leaves no process of it behind."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

GRACE_SECONDS = 5.0
"""Between SIGTERM and SIGKILL."""

MAX_LINE = 16_384
"""A longer line is given in pieces of as many bytes, so that memory stays bounded."""

_TAIL_LINES = 20
_LOOK_SECONDS = 0.2
_DRAIN_SECONDS = 0.5


@dataclass(frozen=True)
class CommandResult:
    """How a command ended."""

    exit_code: int
    """Negative: ended by that signal."""
    stderr_tail: str
    stopped: bool
    """Whether it was ended because ``should_stop`` said so."""


def run_command(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    on_line: Callable[[str, str], None],
    should_stop: Callable[[], bool],
) -> CommandResult:
    """Run ``argv`` in a process group of its own with no input, and return when it has ended.

    ``on_line(stream, line)`` gets each line of ``stdout`` and ``stderr`` as it comes. When
    ``should_stop()`` is true, or an exception passes (the handler's deadline), the whole group is ended.
    Children that the command leaves in its group do not outlive it.
    """
    process = subprocess.Popen(
        argv,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101 - narrows Popen's type
    assert process.stderr is not None  # noqa: S101
    output = _Output({"stdout": process.stdout, "stderr": process.stderr}, on_line)
    stopped = False
    try:
        while process.poll() is None:
            if output.open:
                output.read(_LOOK_SECONDS)
            else:
                _wait(process, _LOOK_SECONDS)
            if should_stop():
                stopped = True
                _end_group(process, output)
        output.drain(_DRAIN_SECONDS)
    finally:
        if process.poll() is None:
            _end_group(process, output)
        _signal_group(process, signal.SIGKILL)
        output.close()
    return CommandResult(process.returncode, "\n".join(output.stderr_tail), stopped)


class _Output:
    """The command's two pipes, read without blocking and cut into lines."""

    def __init__(self, pipes: Mapping[str, IO[bytes]], on_line: Callable[[str, str], None]) -> None:
        self._on_line = on_line
        self._rest = dict.fromkeys(pipes, b"")
        self._pipes = pipes
        self._selector = selectors.DefaultSelector()
        self.stderr_tail: deque[str] = deque(maxlen=_TAIL_LINES)
        for stream, pipe in pipes.items():
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, stream)

    @property
    def open(self) -> bool:
        return bool(self._selector.get_map())

    def read(self, timeout: float) -> bool:
        """Read what is there, waiting up to ``timeout`` seconds; whether there was anything."""
        ready = self._selector.select(timeout)
        for key, _ in ready:
            data = os.read(key.fd, 65_536)
            if not data:
                self._selector.unregister(key.fileobj)
            self._feed(key.data, data)
        return bool(ready)

    def drain(self, silence: float) -> None:
        """Read to the end, or until nothing came for ``silence`` seconds (a child holds the pipe open)."""
        until = time.monotonic() + 10 * silence
        while self.open and time.monotonic() < until and self.read(silence):
            pass

    def close(self) -> None:
        for stream in self._pipes:
            self._feed(stream, b"")
        self._selector.close()
        for pipe in self._pipes.values():
            pipe.close()

    def _feed(self, stream: str, data: bytes) -> None:
        *lines, rest = (self._rest[stream] + data).split(b"\n")
        if len(rest) >= MAX_LINE or (not data and rest):
            lines.append(rest)
            rest = b""
        self._rest[stream] = rest
        for line in lines:
            for start in range(0, max(len(line), 1), MAX_LINE):
                text = line[start : start + MAX_LINE].decode("utf-8", "replace").rstrip("\r")
                if stream == "stderr":
                    self.stderr_tail.append(text)
                self._on_line(stream, text)


def _end_group(process: subprocess.Popen[bytes], output: _Output) -> None:
    """SIGTERM to the whole group, SIGKILL after the grace time; output is read on meanwhile."""
    _signal_group(process, signal.SIGTERM)
    until = time.monotonic() + GRACE_SECONDS
    while process.poll() is None and time.monotonic() < until:
        if output.open:
            output.read(_LOOK_SECONDS)
        else:
            _wait(process, _LOOK_SECONDS)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], signum: int) -> None:
    try:
        os.killpg(process.pid, signum)
    except (ProcessLookupError, PermissionError):
        return


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
