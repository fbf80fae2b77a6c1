"""`python -m local` as a user runs it."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

from local.launch import READY, LocalCommand

FIXTURE_APP = Path(__file__).parent / "fixture_app"
READY_SECONDS = 90


class Command(LocalCommand):
    """A command whose output a test waits for."""

    def wait_for(self, text: str) -> str:
        """The first printed line that contains `text`. Fails if the command ends without one."""
        with self.printed:
            self.printed.wait_for(lambda: self._line(text) or not self.printing, timeout=READY_SECONDS)
            line = self._line(text)
        assert line, f"never said {text!r}: {self.out} {self.err}"
        return line

    def ready(self) -> str:
        """The endpoint URL, once the command says that it is ready."""
        return self.wait_for(f"{READY}http").split()[1]

    def finish(self, timeout: float = READY_SECONDS) -> int:
        """Wait for the end. Returns the exit code."""
        return super().finish(timeout)

    def stop(self, number: signal.Signals = signal.SIGTERM, *, timeout: float = READY_SECONDS) -> int:
        """Send a signal, by default the one for an orderly end. Returns the exit code."""
        self.process.send_signal(number)
        return self.finish(timeout)

    def _line(self, text: str) -> str | None:
        return next((line for line in [*self.out, *self.err] if text in line), None)


@contextlib.contextmanager
def running(*arguments: str, directory: Path = FIXTURE_APP) -> Iterator[Command]:
    """Run a command that is ended at the end of the block, whatever happens."""
    command = Command(*arguments, directory=directory)
    try:
        yield command
    finally:
        if command.process.poll() is None:
            command.stop()
