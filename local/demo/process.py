"""`python -m local up` as a child process that never outlives the demo."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from local.processes.descendants import kill_tree

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 10
SHOWN_LINES = 30


class SetUpError(Exception):
    """Local AWS did not come up; the message is what it said last."""


class LocalAwsProcess:
    """A context manager: the process is started on entry and ended on exit, whatever happens."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = arguments
        self._lines: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._errors: list[str] = []

    def __enter__(self) -> LocalAwsProcess:
        # In a session of its own: Ctrl-C is for the demo, which then ends this process in order.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local", "up", "--end-with-stdin", *self._arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101
        assert self._process.stderr is not None  # noqa: S101
        for name, stream in (("stdout", self._process.stdout), ("stderr", self._process.stderr)):
            threading.Thread(target=self._read, args=(name, stream), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            kill_tree(self._process.pid)
            self._process.wait()

    def wait_until_ready(self, timeout: float, say: Callable[[str], None]) -> str:
        """The endpoint URL; `say` is given the lines of progress. Raises SetUpError."""
        deadline = time.monotonic() + timeout
        streams = 2
        while streams:
            try:
                entry = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise SetUpError(f"local AWS was not ready after {timeout:.0f} s\n{self._said()}") from None
            if entry is None:
                streams -= 1
                continue
            stream, line = entry
            if stream == "stdout" and line.startswith("ready "):
                return line.split()[1]
            if stream == "stderr":
                self._errors.append(line)
                if not any(said.startswith(("error:", "Traceback")) for said in self._errors):
                    say(line)
        raise SetUpError(f"local AWS did not come up\n{self._said()}")

    def wait(self) -> None:
        """Until the process has ended."""
        self._process.wait()

    def _said(self) -> str:
        """From the line that names the error on, or the last lines; of a stack trace, the end."""
        lines = self._errors
        for index, line in enumerate(lines):
            if line.startswith("error:"):
                return "\n".join(lines[index:])
            if line.startswith("Traceback"):
                return lines[-1]
        return "\n".join(lines[-SHOWN_LINES:])

    def _read(self, name: str, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put((name, line.rstrip("\n")))
        self._lines.put(None)
