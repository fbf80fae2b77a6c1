"""Prints verdicts: as tables on a terminal, as plain text elsewhere, or as JSON."""

from __future__ import annotations

import json
import sys
from typing import TextIO

from pipelines.checking.verdict import ActivityVerdict, PipelineVerdict, Verdict
from pipelines.summary import Summary

_WORDS = {
    Verdict.RUNS: "runs as it is",
    Verdict.SETTINGS: "runs with settings",
    Verdict.CHANGE: "needs a change",
    Verdict.IMPOSSIBLE: "not possible",
}
_COLORS = {
    Verdict.RUNS: "green",
    Verdict.SETTINGS: "green",
    Verdict.CHANGE: "yellow",
    Verdict.IMPOSSIBLE: "red",
}


class JsonReport:
    """Writes the text of ``--json`` as the verdicts come: there may be thousands."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._separator = '{"pipelines": ['

    def add(self, pipeline: PipelineVerdict) -> None:
        """Write a pipeline's verdicts."""
        text = json.dumps(pipeline.as_json(), indent=2)
        print(f"{self._separator}\n{text}", end="", file=self._out)
        self._separator = ","

    def end(self, summary: Summary) -> None:
        """Write the rest."""
        begun = self._separator == ","
        print(
            f'{"" if begun else self._separator}\n], "share": {json.dumps(summary.share)}}}', file=self._out
        )


def print_pipeline(pipeline: PipelineVerdict, out: TextIO | None = None) -> None:
    """Print a pipeline's verdicts."""
    out = out or sys.stdout
    if out.isatty():
        _table(pipeline, out)
        return
    print(pipeline.source, file=out)
    if not pipeline.activities:
        print("  no activities", file=out)
    for found in pipeline.activities:
        print(f"  {found.id} ({found.type}): {_WORDS[found.verdict]}", file=out)
        for verdict, field, message, page in _rows(found):
            print(f"    {verdict:<19}{field}: {message}", file=out)
            print(f"    {'':<19}  see {page}", file=out)


def print_share(summary: Summary, out: TextIO | None = None) -> None:
    """Print how many activities have which verdict."""
    counts = ", ".join(
        f"{summary.verdicts[verdict]} {word}" for verdict, word in _WORDS.items() if summary.verdicts[verdict]
    )
    unread = f"; {summary.unread} could not be read, see stderr" if summary.unread else ""
    print(
        f"{summary.share:.0%} of {summary.verdicts.total()} activities and preconditions in "
        f"{summary.pipelines} pipelines run here{': ' if counts else ''}{counts}{unread}",
        file=out or sys.stdout,
    )


def _rows(found: ActivityVerdict) -> list[tuple[str, str, str, str]]:
    """The reasons, the worst first. Remarks have no verdict of their own."""
    reasons = sorted(found.reasons, key=lambda reason: -reason.asks_for)
    words = {**_WORDS, Verdict.RUNS: ""}
    return [(words[reason.asks_for], reason.field, reason.message, reason.page) for reason in reasons]


def _table(pipeline: PipelineVerdict, out: TextIO) -> None:
    # Only a terminal needs rich.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(pipeline.source), title_justify="left", show_lines=True, expand=True)
    for name, ratio in (("activity", 2), ("verdict", 1), ("why", 6)):
        table.add_column(name, ratio=ratio, overflow="fold")
    for found in pipeline.activities:
        why = Text()
        for _, field, message, page in _rows(found):
            why.append(f"{field}: ", "bold").append(message).append(f"  {page}\n", "dim")
        why.rstrip()
        verdict = Text(_WORDS[found.verdict], _COLORS[found.verdict])
        table.add_row(Text(f"{found.id}\n").append(found.type, "dim"), verdict, why)
    Console(file=out).print(table)
