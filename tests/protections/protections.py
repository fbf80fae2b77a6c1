"""Reads the list of protections: ``list/*.toml``, one file for each area."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Protection:
    """A piece of a file that certain tests cannot do without."""

    what: str
    """What it protects from."""
    path: str
    removed: str
    """The text that is removed. The file contains it exactly once."""
    tests: tuple[str, ...]
    """Pytest ids. Each test fails without the text. An id without a case stands for at least one case."""
    replaced_by: str = ""
    """What stands in for the text, so that the file still runs."""


@dataclass(frozen=True)
class Unproven:
    """A test that passes whatever single piece is removed."""

    test: str
    why: str = ""
    """Why it passes, and what was removed in vain. Empty if nothing was tried."""


def _protections(file: Path) -> list[Protection]:
    rows = tomllib.loads(file.read_text())["protection"]
    return [Protection(**{**row, "tests": tuple(row["tests"])}) for row in rows]


PROTECTIONS = [
    protection for file in sorted((_HERE / "list").glob("*.toml")) for protection in _protections(file)
]

UNPROVEN = [Unproven(**row) for row in tomllib.loads((_HERE / "unproven.toml").read_text())["case"]]
