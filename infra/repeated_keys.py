"""Keys that a dict display repeats: Python keeps the last value, and says nothing of the others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class RepeatedKey:
    """A string that is a key on two lines, counted from 1."""

    key: str
    first_line: int
    second_line: int


def repeated_keys(source: str, keyword: str) -> list[RepeatedKey]:
    """The string keys that are given twice in what a call of Python source passes as ``keyword``.

    The argument is a dict display, or a name to which one is assigned in the same source. Source that
    Python cannot parse has none.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    return [repeated for display in _passed(tree, keyword) for repeated in _in(display)]


def _passed(tree: ast.AST, keyword: str) -> Iterator[ast.Dict]:
    nodes = list(ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    passed = [given.value for call in calls for given in call.keywords if given.arg == keyword]
    names = {value.id for value in passed if isinstance(value, ast.Name)}
    values: list[ast.expr | None] = [*passed]
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id in names for target in targets):
                values.append(node.value)
    return (value for value in values if isinstance(value, ast.Dict))


def _in(display: ast.Dict) -> Iterator[RepeatedKey]:
    lines: dict[str, int] = {}
    for key in display.keys:
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            if key.value in lines:
                yield RepeatedKey(key.value, lines[key.value], key.lineno)
            lines[key.value] = key.lineno
