"""The demo's output: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from local.demo.attempts import NOT_YET, Row
from local.demo.recording import Recording
from local.demo.traces import Printed, Run

STYLES = {
    "WAITING_FOR_RUNNER": "yellow",
    "RUNNING": "cyan",
    "FINISHED": "green",
    "FAILED": "red",
    "CANCELED": "red",
    NOT_YET: "dim",
}


class View:
    """The demo's output, which a recording may keep. Times count from the moment the table appears."""

    def __init__(self, console: Console | None = None, recording: Recording | None = None) -> None:
        self._console = console or stdout_console()
        self._recording = recording
        self._created = time.monotonic()
        self._begin = self._created
        self._live: Live | None = None
        self._before: dict[tuple[str, str, int], str] = {}
        self._shown: Sequence[Row] = ()

    def say(self, text: str, style: str = "") -> None:
        self._print(Text(text, style=style))

    @contextlib.contextmanager
    def busy(self, text: str) -> Iterator[None]:
        """Show a spinner on a terminal, nothing elsewhere."""
        with self._console.status(text) if self._console.is_terminal else contextlib.nullcontext():
            yield

    @contextlib.contextmanager
    def table(self) -> Iterator[None]:
        """Inside the block, `show` updates one table, which stays on the screen afterwards."""
        self._begin = time.monotonic()
        if not self._console.is_terminal:
            yield
        else:
            with Live(console=self._console, refresh_per_second=8) as self._live:
                yield
            self._live = None
        if self._recording and self._shown:
            self._recording.keep(attempts_table(self._shown, time.monotonic() - self._begin))

    def show(self, rows: Sequence[Row]) -> None:
        """Show the attempts. In plain text, print a line for each one that has changed."""
        seconds = time.monotonic() - self._begin
        if self._recording and rows != self._shown:
            self._recording.show(self._age(), attempts_table(rows, seconds))
        self._shown = rows
        if self._live is not None:
            self._live.update(attempts_table(rows, seconds))
            return
        for row in rows:
            key = row.pipeline, row.activity, row.number
            if row.status != self._before.get(key, NOT_YET):
                self._before[key] = row.status
                line = f"{seconds:5.1f} s  {row.pipeline}: {row.activity}, attempt {row.number}: {row.status}"
                self._console.print(Text(line), soft_wrap=True)

    def summary(self, row: Row, run: Run | None, printed: Sequence[Printed]) -> None:
        """Show one task: status, handler, duration, execution and output."""
        line = Text(f"{row.pipeline}: {row.activity}, attempt {row.number}  ", style="bold")
        line.append(row.status, style=STYLES.get(row.status, ""))
        self._print(line)
        if run is not None:
            duration = "still running" if run.seconds is None else f"{run.seconds:.1f} s"
            self.say(f"  handler    {run.handler}, {duration}")
            self.say(f"  RunTask    {run.execution}")
        for entry in printed:
            self.say(f"  {entry.stream}     {entry.line}")

    def _print(self, text: Text) -> None:
        # Only the terminal wraps the text, so that copied or piped output stays unchanged.
        self._console.print(text, soft_wrap=True)
        if self._recording:
            self._recording.say(self._age(), text)

    def _age(self) -> float:
        return time.monotonic() - self._created


def stdout_console() -> Console:
    """A console without colours if stdout is not a terminal, even if the environment asks for colours."""
    return Console(force_terminal=None if sys.stdout.isatty() else False, highlight=False, emoji=False)


def attempts_table(rows: Sequence[Row], seconds: float) -> Table:
    """The table of attempts. A pipeline's name appears only in its first row."""
    table = Table(caption=f"{seconds:.0f} s", caption_justify="left")
    for header in ("Pipeline", "Activity", "Attempt", "Status"):
        table.add_column(header, min_width=18 if header == "Status" else None)
    last = ""
    for row in rows:
        if last and row.pipeline != last:
            table.add_section()
        name, last = ("" if row.pipeline == last else row.pipeline), row.pipeline
        status = Text(row.status, style=STYLES.get(row.status, ""))
        table.add_row(name, row.activity, str(row.number), status)
    return table
