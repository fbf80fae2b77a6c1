"""Every row of docs/protocol.md names tests, and they exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEST_ID = re.compile(r"`(tests/[\w/]+\.py)::(\w+)(?:\[([\w-]+)\])?`")


def rows() -> Iterator[str]:
    """The rows of all tables whose last column is "test"."""
    inside = False
    for line in (ROOT / "docs" / "protocol.md").read_text().splitlines():
        if not line.startswith("|"):
            inside = False
        elif line.endswith("| test |"):
            inside = True
        elif inside and not line.startswith("|---"):
            yield line


def tables() -> list[str]:
    """The headers of the tables that say what happens."""
    lines = (ROOT / "docs" / "protocol.md").read_text().splitlines()
    return [line for line, below in pairwise(lines) if below.startswith("|---") and "what happens" in line]


@cache
def names_in(path: str) -> tuple[frozenset[str], frozenset[str]]:
    """The functions and strings of a test file and of what it imports: a parameter's id is one of them."""
    nodes = [node for file in (ROOT / path, *_imported(ROOT / path)) for node in _nodes(file)]
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    strings = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return frozenset(functions), frozenset(strings)


def _nodes(file: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(file.read_text())))


def _imported(file: Path) -> Iterator[Path]:
    """Modules beside a test file that it imports from."""
    for node in _nodes(file):
        if isinstance(node, ast.ImportFrom) and node.module:
            imported = ROOT / f"{node.module.replace('.', '/')}.py"
            if imported.parent == file.parent:
                yield imported


def test_every_table_has_a_column_for_tests() -> None:
    assert len(tables()) >= 7
    assert [header for header in tables() if not header.endswith("| test |")] == []
    assert len(list(rows())) > 50


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row.split("|")[1].strip()[:50])
def test_the_row_names_tests_that_exist(row: str) -> None:
    cell = row.rstrip("| ").rpartition(" | ")[2]
    found = TEST_ID.findall(cell)
    assert found, row
    assert TEST_ID.sub("", cell).replace("<br>", "").strip() == ""
    for path, name, parameter in found:
        assert (ROOT / path).exists(), path
        functions, strings = names_in(path)
        assert name in functions, name
        assert not parameter or parameter in functions | strings, parameter
