"""Imports go downward only, as CONTRIBUTING.md says, and never in a circle.

Every import statement counts, also those in functions and those for type checkers alone. Tests may import
anything, so they are not looked at.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from local.launch import ROOT

# Where modules are, and what their names begin with: lambdas/ itself is on Lambda's path.
TREES = {"lambdas": "", "infra": "infra", "local": "local", "pipelines": "pipelines", "bench": "bench"}

# From the lowest layer up, what each may import. A module belongs to the longest name that begins its own.
MAY_IMPORT: dict[str, set[str]] = {
    # What is deployed. It imports nothing of the other trees.
    "runner": set(),
    "datapipeline_runner": {"runner"},
    "poller": {"runner"},
    "container": {"runner"},
    "data_nodes": {"runner"},
    "shell": {"data_nodes", "runner"},
    "sql": {"data_nodes", "runner"},
    "data_formats": {"data_nodes", "runner"},
    "copying": {"data_formats", "data_nodes", "runner", "sql"},
    "redshift_copy": {"data_formats", "data_nodes", "runner", "sql"},
    "emr": {"data_formats", "data_nodes", "runner"},
    "activities": {"copying", "emr", "data_formats", "data_nodes", "redshift_copy", "runner", "shell", "sql"},
    "poll_for_task": {"poller", "runner"},
    "execution_ended": {"runner"},
    "container_ended": {"container", "runner"},
    # The stack: settings and their checks, then functions, handlers, state machines, monitoring. It imports
    # nothing of what it deploys, whose code is for Lambda's Python.
    "infra": set(),
    "infra.python_handler": {"infra"},
    "infra.shell_handler": {"infra", "infra.python_handler"},
    "infra.emr": {"infra", "infra.python_handler"},
    "infra.handlers": {"infra", "infra.emr", "infra.python_handler", "infra.shell_handler"},
    "infra.run_task": {"infra"},
    "infra.poll_loop": {"infra"},
    "infra.monitoring": {"infra", "infra.poll_loop", "infra.run_task"},
    "infra.stack": {"infra", "infra.monitoring", "infra.poll_loop", "infra.run_task"},
    # AWS on this machine, which imports what it simulates.
    "local.datapipeline": set(),
    "local.redshift_data": set(),
    "local.emr": set(),
    "local.lambda_runtime": set(),
    "local.ecs": {"local.datapipeline", "local.lambda_runtime"},
    "local.console": set(),
    "local.ministack_hooks": {"local.datapipeline", "local.ecs", "local.lambda_runtime"},
    "local.simulation": {"infra", "local.datapipeline", "poller"},
    # Moving pipelines here. Handlers say what they take, and the local service what becomes of a definition.
    "pipelines.reading": {"local.datapipeline"},
    "pipelines.commands": {"local.lambda_runtime", "pipelines.reading", "shell"},
    "pipelines.checking": {
        *("activities", "copying", "data_nodes", "emr", "redshift_copy", "runner", "shell", "sql"),
        *("local.datapipeline", "pipelines.commands", "pipelines.reading"),
    },
    "pipelines.converting": {"local.datapipeline", "pipelines.checking", "pipelines.reading", "sql"},
    "pipelines.live": {"local.datapipeline", "pipelines.checking", "pipelines.reading"},
    "pipelines.verifying": {"pipelines.live"},
    "pipelines": {
        *("local.datapipeline", "pipelines.checking", "pipelines.commands", "pipelines.converting"),
        *("pipelines.live", "pipelines.reading", "pipelines.verifying"),
    },
    # What measures all the others.
    "bench": {
        "activities",
        "copying",
        "data_nodes",
        "infra",
        "infra.handlers",
        "infra.stack",
        "local",
        "local.console",
        "local.datapipeline",
        "local.simulation",
        "poller",
        "runner",
        "shell",
    },
}

# What has no row in local/ is below those packages, such as local/permissions/, or above them, such as
# local/server.py. Within local/ it may import and be imported freely; the check for circles holds for it too.
LOCAL = "local"


@cache
def modules() -> Mapping[str, Path]:
    """The file of each module."""
    found = {}
    for tree, prefix in TREES.items():
        for file in (ROOT / tree).rglob("*.py"):
            parts = [prefix, *file.relative_to(ROOT / tree).with_suffix("").parts]
            found[".".join(part for part in parts if part and part != "__init__")] = file
    return found


def imported(module: str) -> Iterator[str]:
    """The modules of this repository that ``module`` imports: of a package, the module that is named."""
    for node in ast.walk(ast.parse(modules()[module].read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}, line {node.lineno}: a relative import"
            qualified = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in modules() else str(node.module) for name in qualified]
        yield from (name for name in names if name in modules())


@cache
def arrows() -> Mapping[str, frozenset[str]]:
    return {module: frozenset(imported(module)) for module in modules()}


def layer(module: str) -> str:
    """The row of MAY_IMPORT that ``module`` belongs to; LOCAL for a file of local/ itself."""
    parts = module.split(".")
    prefixes = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next(name for name in prefixes if name in MAY_IMPORT or name == LOCAL)


def test_no_module_imports_itself_by_way_of_others() -> None:
    try:
        TopologicalSorter(arrows()).prepare()
    except CycleError as circle:
        raise AssertionError(f"a circle: {' -> '.join(reversed(circle.args[1]))}") from circle


def test_no_layer_imports_a_higher_one() -> None:
    wrong = [
        f"{module} imports {other}"
        for module, others in arrows().items()
        for other in sorted(others)
        if not may_import(layer(module), layer(other))
    ]
    assert wrong == []


def may_import(importing: str, other: str) -> bool:
    if importing == LOCAL:
        return other.startswith("local")
    within_local = importing.startswith("local.") and other == LOCAL
    return importing == other or within_local or other in MAY_IMPORT[importing]


def test_each_row_names_rows_below_it_alone() -> None:
    rows = list(MAY_IMPORT)
    for number, (name, others) in enumerate(MAY_IMPORT.items()):
        assert others - {LOCAL} <= set(rows[:number]), name


def test_an_arrow_is_found_wherever_it_stands() -> None:
    """So that silence means something."""
    assert "infra.worker_group" in arrows()["infra.stack"]
    assert "runner.redaction" in arrows()["runner.telemetry"], "in a function, and for type checkers"
    assert "runner.clients" in arrows()["execution_ended"], "a module of a package"
