"""`python -m local` as a user runs it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
FIXTURE_APP = Path(__file__).parent / "fixture_app"
READY_SECONDS = 90


class Command:
    """A running `python -m local`; what it prints is kept as it comes."""

    def __init__(self, *arguments: str, directory: Path, environment: dict[str, str] | None = None) -> None:
        inherited = os.environ | (environment or {})
        search = os.pathsep.join(filter(None, [str(ROOT), inherited.get("PYTHONPATH")]))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local", *arguments],
            cwd=directory,
            env=inherited | {"PYTHONPATH": search},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.out: list[str] = []
        self.err: list[str] = []
        self._printed = threading.Condition()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.out), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self.err), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def wait_for(self, text: str) -> str:
        """The first printed line with `text` in it. Fails when the command ends without one."""
        with self._printed:
            self._printed.wait_for(lambda: self._line(text) or not self._alive(), timeout=READY_SECONDS)
            line = self._line(text)
        assert line, f"never said {text!r}: {self.out} {self.err}"
        return line

    def ready(self) -> str:
        """The endpoint URL that it says it is ready at."""
        return self.wait_for("ready http").split()[1]

    def finish(self, timeout: float = READY_SECONDS) -> int:
        """Wait for the end and return the exit code."""
        code = self.process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        return code

    def stop(self, number: signal.Signals = signal.SIGTERM, *, timeout: float = READY_SECONDS) -> int:
        self.process.send_signal(number)
        return self.finish(timeout)

    def _line(self, text: str) -> str | None:
        return next((line for line in [*self.out, *self.err] if text in line), None)

    def _alive(self) -> bool:
        return any(reader.is_alive() for reader in self._readers)

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            with self._printed:
                lines.append(line.rstrip("\n"))
                self._printed.notify_all()
        with self._printed:
            self._printed.notify_all()


@contextlib.contextmanager
def running(*arguments: str, directory: Path = FIXTURE_APP) -> Iterator[Command]:
    """A command that is ended at the end, whatever happens."""
    command = Command(*arguments, directory=directory)
    try:
        yield command
    finally:
        if command.process.poll() is None:
            command.stop()
