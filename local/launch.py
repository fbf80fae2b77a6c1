"""Runs `python -m local` as a child process, for the demo, the benchmarks and the tests."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO

from local.processes.descendants import kill_tree

ROOT = Path(__file__).parents[1]
"""The repository, or the package that a wheel makes of it: the directory of app.py and cdk.json."""
_IMPORTED_FROM = Path(__file__).parents[__name__.count(".")]
STOP_SECONDS = 10
SHOWN_LINES = 30
READY = "ready "


class SetUpError(Exception):
    """Local AWS did not start. The message is the end of its output."""


class LocalCommand:
    """A running `python -m local` with these arguments. It collects the command's output line by line."""

    def __init__(
        self,
        *arguments: str,
        directory: Path = ROOT,
        environment: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
        own_session: bool = False,
    ) -> None:
        """``environment`` extends this process's. With ``own_session``, Ctrl-C does not reach the command."""
        variables = os.environ | dict(environment or {})
        search = os.pathsep.join(filter(None, [str(_IMPORTED_FROM), variables.get("PYTHONPATH")]))
        self.process = subprocess.Popen(
            [sys.executable, "-m", str(__package__), *arguments],
            cwd=directory,
            env=variables | {"PYTHONPATH": search},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=own_session,
        )
        self.out: list[str] = []
        self.err: list[str] = []
        self.printed = threading.Condition()
        """Notified with each line, and at the end of stdout and of stderr."""
        assert self.process.stdout is not None  # noqa: S101 - narrows Popen's type
        assert self.process.stderr is not None  # noqa: S101
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.out), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self.err), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def printing(self) -> bool:
        """Whether more output may come."""
        return any(reader.is_alive() for reader in self._readers)

    def finish(self, timeout: float) -> int:
        """Wait for the end of the command and its output. Returns the exit code; raises TimeoutExpired."""
        code = self.process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        return code

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            with self.printed:
                lines.append(line.rstrip("\n"))
                self.printed.notify_all()
        with self.printed:
            self.printed.notify_all()


class LocalAwsProcess(LocalCommand):
    """A running `python -m local up` that never outlives this process.

    Use it as a context manager: leaving the block always ends local AWS.
    """

    def __init__(self, *arguments: str, directory: Path = ROOT) -> None:
        # Its own session, because Ctrl-C is meant for this process, which then ends the child in order.
        super().__init__(
            "up",
            "--end-with-stdin",
            *arguments,
            directory=directory,
            stdin=subprocess.PIPE,
            own_session=True,
        )

    def __enter__(self) -> LocalAwsProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            kill_tree(self.process.pid)
            self.process.wait()

    def wait_until_ready(self, timeout: float, say: Callable[[str], None] = lambda _: None) -> str:
        """The endpoint URL, once it is ready. Calls ``say`` with each line of progress. Raises SetUpError."""
        deadline = time.monotonic() + timeout
        said = 0
        while True:
            with self.printed:
                left = max(0.0, deadline - time.monotonic())
                self.printed.wait_for(partial(self._has_news, said), left)
                lines, ready, over = self.err[:], self._ready_line(), not self.printing
            for number in range(said, len(lines)):
                if not any(line.startswith(("error:", "Traceback")) for line in lines[: number + 1]):
                    say(lines[number])
            said = len(lines)
            if ready:
                return ready.split()[1]
            if over:
                raise SetUpError(f"local AWS did not come up\n{self._last_words()}")
            if time.monotonic() >= deadline:
                raise SetUpError(f"local AWS was not ready after {timeout:.0f} s\n{self._last_words()}")

    def wait(self) -> None:
        """Wait until local AWS ends."""
        self.process.wait()

    def _has_news(self, said: int) -> bool:
        """Whether there are more than ``said`` lines, or nothing is left to wait for."""
        return len(self.err) > said or self._ready_line() is not None or not self.printing

    def _ready_line(self) -> str | None:
        return next((line for line in self.out if line.startswith(READY)), None)

    def _last_words(self) -> str:
        """The output from the error's line on, else the last lines. Of a traceback, the last line."""
        for index, line in enumerate(self.err):
            if line.startswith("error:"):
                return "\n".join(self.err[index:])
            if line.startswith("Traceback"):
                return self.err[-1]
        return "\n".join(self.err[-SHOWN_LINES:])
