"""Paths and relative links in the documentation lead somewhere, and its map of packages is complete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!\w+:)([^)\s]+)\)")
_PATH = re.compile(
    r"`((?:\.ci|\.github|bench|docs|infra|lambdas|local|pipelines|tests)/[^`\s:<]*)(?:::[^`]*)?`"
)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_ANCHOR = re.compile(r'<a id="([^"]+)">')


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The page's headings as GitHub turns them into anchors, and the anchors set by hand."""
    text = prose(page)
    headings = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in _HEADING.findall(text)}
    return headings | set(_ANCHOR.findall(text))


def broken_links(page: Path) -> Iterator[str]:
    for link in _LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


def missing_paths(page: Path) -> Iterator[str]:
    for path in _PATH.findall(prose(page)):
        # A path may be a pattern. The files that readers add themselves are those of docs/examples.
        if not any([*ROOT.glob(path), *(ROOT / "docs" / "examples").glob(path)]):
            yield path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert list(broken_links(page)) == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.name
)
def test_each_path_of_the_repository_exists(page: Path) -> None:
    assert list(missing_paths(page)) == []


def test_links_and_paths_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b`, c\n[1](#a-b-c) [2](#d) [3](page.md) [4](none.md) [5](https://example.com)\n`infra/none.py`\n"
    )
    assert list(broken_links(page)) == ["#d", "none.md"]
    assert list(missing_paths(page)) == ["infra/none.py"]


def packages() -> list[str]:
    """The folders of the project's code that hold a module."""
    folders = {
        path.parent
        for part in ("infra", "lambdas", "local", "pipelines")
        for path in (ROOT / part).rglob("__init__.py")
    }
    return sorted(folder.relative_to(ROOT).as_posix() for folder in folders)


def test_the_map_of_packages_is_complete() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [package for package in packages() if f"`{package}/`" not in page] == []


def test_the_files_of_the_map_are_in_their_packages() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    sections = re.findall(r"^### `([\w/]+)/`\n(.*?)(?=^##)", page, re.MULTILINE | re.DOTALL)
    assert len(sections) > 10
    named = [
        (folder, name) for folder, text in sections for name in re.findall(r"`([\w.]+\.\w+|\w+/)`", text)
    ]
    assert [f"{folder}/{name}" for folder, name in named if not (ROOT / folder / name).exists()] == []
