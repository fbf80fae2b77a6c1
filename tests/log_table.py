"""The tables of log lines in docs/monitoring.md."""

from __future__ import annotations

import re
from collections.abc import Iterator

from local.launch import ROOT

PAGE = (ROOT / "docs" / "monitoring.md").read_text()
ROW = re.compile(r"^\| `(?P<event>[^`]+)` \| (?P<level>[A-Z]+) \|(?P<fields>.*)\|$", re.MULTILINE)


def documented() -> dict[tuple[str, str], set[str]]:
    """The fields that an event has of its own, by event and level."""
    return {
        (row["event"], row["level"]): set(re.findall(r"`(\w+)`", row["fields"])) for row in ROW.finditer(PAGE)
    }


def common_fields() -> set[str]:
    """The fields of the tables whose first column is headed "field"."""
    return set().union(*_common_fields())


def _common_fields() -> Iterator[set[str]]:
    for table in re.findall(r"^\| field \|.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE):
        for row in table.splitlines():
            yield set(re.findall(r"`(\w+)`", row.split("|")[1]))
