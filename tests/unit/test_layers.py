"""Imports go downward only, as CONTRIBUTING.md says, and never in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The folder of a part, and what stands before the names of its modules: lambdas/ is the root on Lambda.
PARTS = {"lambdas": "", "infra": "infra.", "local": "local."}
MAY_IMPORT = {"lambdas": {"lambdas"}, "infra": {"infra"}, "local": {"local", "infra", "lambdas"}}
LAYERS_OF_LAMBDAS = (
    {"poll_for_task", "execution_ended", "activities"},
    {"poller", "copying", "redshift_copy"},
    {"data_formats", "sql", "shell"},
    {"data_nodes"},
    {"runner"},
)


@cache
def modules() -> dict[str, Path]:
    """The project's modules by the names under which they are imported."""
    found = {}
    for part, before in PARTS.items():
        for path in (ROOT / part).rglob("*.py"):
            parts = path.relative_to(ROOT / part).with_suffix("").parts
            name = before + ".".join(part for part in parts if part != "__init__")
            found[name.rstrip(".")] = path
    return found


def imports(module: str, *, of_types: bool) -> set[str]:
    """The project's modules that a module imports; ``of_types``: those too that only type checkers import."""
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    named = {name for statement in statements(tree, of_types=of_types) for name in names(statement)}
    return {name for name in named if name in modules() and name != module}


def statements(tree: ast.AST, *, of_types: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not of_types:
            continue
        yield node
        yield from statements(node, of_types=of_types)


def names(statement: ast.AST) -> Iterator[str]:
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
        for alias in statement.names:
            submodule = f"{statement.module}.{alias.name}"
            yield submodule if submodule in modules() else statement.module


def part_of(module: str) -> str:
    first = module.partition(".")[0]
    return first if first in PARTS else "lambdas"


def layer_of(module: str) -> int:
    package = module.partition(".")[0]
    return next(number for number, layer in enumerate(LAYERS_OF_LAMBDAS) if package in layer)


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {module: imports(module, of_types=False) for module in modules()}
    list(TopologicalSorter(graph).static_order())  # Raises CycleError, which names the circle.


@pytest.mark.parametrize("part", PARTS)
def test_a_part_imports_only_what_it_may(part: str) -> None:
    wrong = [
        f"{module} imports {imported}"
        for module in modules()
        if part_of(module) == part
        for imported in imports(module, of_types=True)
        if part_of(imported) not in MAY_IMPORT[part]
    ]
    assert wrong == []


def test_only_the_simulation_imports_what_is_deployed() -> None:
    importing = {
        module
        for module in modules()
        if part_of(module) == "local"
        for imported in imports(module, of_types=True)
        if part_of(imported) != "local"
    }
    assert importing
    assert [module for module in importing if not module.startswith("local.simulation.")] == []


def test_a_package_of_lambdas_imports_only_from_layers_below() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module in modules()
        if part_of(module) == "lambdas"
        for imported in imports(module, of_types=True)
        if imported.partition(".")[0] != module.partition(".")[0] and layer_of(imported) <= layer_of(module)
    ]
    assert wrong == []
