"""The fenced blocks of README and the documentation, with what the page says about how each is run.

Right before a block, an HTML comment may say:

- ``<!-- run by tests/… -->``: this test takes the block from the page and runs it.
- ``<!-- not run: AWS only -->``, or another reason: its commands are parsed by the tools they call.
- ``<!-- docs/examples/… -->``: the block is this file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_RUN_WHOLE = {
    "README.md": "tests/newcomer/test_newcomer.py",
    "docs/runbook.md": "tests/system/test_monitoring.py",
}
"""Pages of which a test runs every block of commands."""

_OPENING = re.compile(r"^(?P<indent>[ >]*)(?P<fence>`{3,}|~{3,})\s*(?P<language>[^\s`]*)")
_COMMENT = re.compile(r"^\s*<!-- (?P<text>.+) -->$")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: str
    """From the repository's root."""
    line: int
    language: str
    text: str
    comment: str
    """The HTML comment before it, or nothing."""

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def run_by(self) -> str | None:
        """The test that runs it."""
        if self.comment.startswith("run by "):
            return self.comment.removeprefix("run by ")
        return _RUN_WHOLE.get(self.page) if self.language == "sh" else None

    @property
    def not_run(self) -> str | None:
        """The reason why it is not run."""
        return self.comment.removeprefix("not run: ") if self.comment.startswith("not run: ") else None

    @property
    def file(self) -> Path | None:
        """The file that it is."""
        return ROOT / self.comment if re.fullmatch(r"docs/examples/\S+", self.comment) else None


def blocks_of(text: str, page: str) -> Iterator[Block]:
    """All blocks of a page, in a list too. Raises ValueError for a block that does not end."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        opening = _OPENING.match(lines[number])
        if opening is None:
            number += 1
            continue
        fence, indent = opening["fence"], len(opening["indent"])
        closing = re.compile(rf"^[ >]*{fence[0]}{{{len(fence)},}}\s*$")
        end = next((at for at in range(number + 1, len(lines)) if closing.match(lines[at])), None)
        if end is None:
            raise ValueError(f"{page}:{number + 1}: the block does not end")
        comment = _COMMENT.match(lines[number - 1]) if number else None
        inside = "".join(f"{line[indent:]}\n" for line in lines[number + 1 : end])
        yield Block(page, number + 1, opening["language"], inside, comment["text"] if comment else "")
        number = end + 1


@cache
def all_blocks() -> tuple[Block, ...]:
    """The blocks of all pages, in order."""
    return tuple(
        block
        for page in PAGES
        for block in blocks_of(page.read_text(encoding="utf-8"), page.relative_to(ROOT).as_posix())
    )


def blocks_run_by(test: str) -> dict[str, list[Block]]:
    """The blocks that this test runs, by their pages."""
    found: dict[str, list[Block]] = {}
    for block in all_blocks():
        if block.run_by == Path(test).relative_to(ROOT).as_posix():
            found.setdefault(block.page, []).append(block)
    return found
