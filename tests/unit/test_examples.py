"""The examples of the documentation are the files under docs/examples, which tests/system runs."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "writing-handlers.md"
OTHER_PAGE = DOCS / "sql-activity.md"
EXAMPLES = DOCS / "examples"

_LINK = re.compile(r"\]\((examples/\S+)\)")
_BLOCK = re.compile(r"(?:^<!-- (?P<file>\S+) -->\n)?^```\w*\n(?P<text>.*?)^```$", re.M | re.S)


def test_each_block_is_its_file() -> None:
    blocks = list(_BLOCK.finditer(PAGE.read_text()))
    assert blocks
    assert [block["text"] for block in blocks if block["file"] is None] == []
    others = [block for block in _BLOCK.finditer(OTHER_PAGE.read_text()) if block["file"]]
    for block in [*blocks, *others]:
        assert block["text"] == (DOCS.parent / block["file"]).read_text(), block["file"]


def test_each_file_is_shown_or_linked() -> None:
    shown = {block["file"] for page in (PAGE, OTHER_PAGE) for block in _BLOCK.finditer(page.read_text())}
    pages = [page.read_text() for page in DOCS.glob("*.md")]
    linked = {f"docs/{link}" for page in pages for link in _LINK.findall(page)}
    files = {
        file.relative_to(DOCS.parent).as_posix()
        for file in EXAMPLES.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert files
    assert files <= shown | linked
