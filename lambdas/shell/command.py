"""Runs a command, passes on its output as it arrives, and leaves none of its processes behind."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from runner import environment
from runner.deadline import uninterrupted
from shell.process_tree import ProcessTree

GRACE_SECONDS = 3.0
"""The time between SIGTERM and SIGKILL."""

_LOOK_SECONDS = 0.2
_SILENCE_SECONDS = 0.5
_DRAIN_SECONDS = 5.0


@dataclass(frozen=True)
class CommandResult:
    """How a command ended."""

    exit_code: int
    """Negative if a signal ended it: the signal's number."""
    stopped: bool
    """Whether it was ended because ``should_stop`` returned True."""


def run_command(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    on_output: Callable[[str, bytes], object],
    should_stop: Callable[[], bool],
) -> CommandResult:
    """Run ``argv`` in its own process group, without input, and return when it has ended.

    ``on_output(stream, data)`` receives the output on ``stdout`` and ``stderr`` as it arrives, at most 64 KiB
    at a time. Meanwhile, the command waits. If ``should_stop()`` returns True or an exception is raised (the
    handler's deadline), all processes of the command are ended: first by SIGTERM, 3 s later by SIGKILL.
    Processes that the command leaves running are killed as well. If that fails, the environment gets no other
    task. Raises OSError if the command cannot be started.
    """
    tree = ProcessTree()
    selector = selectors.DefaultSelector()  # Now: the command may take away our right to open files.
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
    output = _Output(selector, {"stdout": process.stdout, "stderr": process.stderr}, on_output)
    stopped = False
    try:
        while process.poll() is None:
            output.read_or_wait(process)
            with suppress(OSError):  # The command may have taken away our files.
                tree.reap(process.pid)
            if should_stop():
                stopped = True
                _end(process, tree, output)
        output.drain()
    finally:
        with uninterrupted():
            try:
                if process.poll() is None:
                    _end(process, tree, output)
            finally:
                _leave_no_process(tree, process.pid)
                output.close()
    return CommandResult(process.returncode, stopped)


class _Output:
    """The command's two pipes, which are read without blocking."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        pipes: Mapping[str, IO[bytes]],
        on_output: Callable[[str, bytes], object],
    ) -> None:
        self._on_output = on_output
        self._pipes = pipes
        self._selector = selector
        for stream, pipe in pipes.items():
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, stream)

    def read_or_wait(self, process: subprocess.Popen[bytes]) -> None:
        """Read the available output. If there is none, wait briefly for some, or for the command's end."""
        if self._open:
            self._read(_LOOK_SECONDS)
            return
        try:
            process.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            return

    def drain(self) -> None:
        """Read to the end, or until nothing arrives for a while: a child may keep the pipe open."""
        until = time.monotonic() + _DRAIN_SECONDS
        while self._open and time.monotonic() < until and self._read(_SILENCE_SECONDS):
            pass

    def close(self) -> None:
        self._selector.close()
        for pipe in self._pipes.values():
            pipe.close()

    @property
    def _open(self) -> bool:
        return bool(self._selector.get_map())

    def _read(self, timeout: float) -> bool:
        ready = self._selector.select(timeout)
        for key, _ in ready:
            data = os.read(key.fd, 65_536)
            if data:
                self._on_output(key.data, data)
            else:
                self._selector.unregister(key.fileobj)
        return bool(ready)


def _leave_no_process(tree: ProcessTree, group: int) -> None:
    """Kill the remaining processes.

    If the command took away our files, its result stands, but no other task runs here.
    """
    try:
        ended = tree.kill(group)
    except OSError:
        ended = False
    if not ended:
        environment.condemn("processes of a command could not be ended")


def _end(process: subprocess.Popen[bytes], tree: ProcessTree, output: _Output) -> None:
    """Send SIGTERM to all processes, and SIGKILL after the grace time. Keep reading output meanwhile."""
    tree.signal(process.pid, signal.SIGTERM)
    until = time.monotonic() + GRACE_SECONDS
    while process.poll() is None and time.monotonic() < until:
        output.read_or_wait(process)
    tree.signal(process.pid, signal.SIGKILL)
    process.wait()
