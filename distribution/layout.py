"""Lays this repository out as the package ``datapipeline_runner``, for a wheel.

The repository's top-level packages have names that a user's own repository is likely to have: infra, local.
In the wheel they are subpackages of one package, and the only thing that changes in their files is the names
in their import statements. So the installed code imports itself as any package does, without a hook and
without a change of the import path. lambdas/ is not changed at all: it is what the stack deploys.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Collection
from pathlib import Path

PACKAGE = "datapipeline_runner"

_TREES = ("infra", "local", "pipelines")
_COMMANDS = ("local", "pipelines")
"""``python -m local`` and ``python -m pipelines`` need modules of these names."""
_EXAMPLE = ("app.py", "cdk.json")
"""What ``python -m local demo`` deploys."""
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")


def lay_out(root: Path, target: Path) -> None:
    """Write the package, and the modules of its two commands, into ``target``."""
    package = target / PACKAGE
    # Of an earlier build, there may be modules that are gone since.
    shutil.rmtree(package, ignore_errors=True)
    _copy(root / "distribution" / "package", package)
    for tree in _TREES:
        _copy(root / tree, package / tree)
    _copy(root / "lambdas", package / "lambdas")
    # The same files under a name that a handler's tests import in any repository.
    _copy(root / "lambdas" / "runner", package / "runner")
    for name in _EXAMPLE:
        shutil.copy(root / name, package / name)
    (package / "py.typed").touch()
    for file in sorted(package.rglob("*.py")):
        if not file.is_relative_to(package / "lambdas"):
            names = {*_TREES, *(["runner"] if _imports_the_kit(file.relative_to(package)) else [])}
            file.write_text(renamed(file.read_text(encoding="utf-8"), names), encoding="utf-8")
    for name in _COMMANDS:
        shutil.copy(package / name / "__main__.py", target / f"{name}.py")


def renamed(source: str, names: Collection[str]) -> str:
    """``source`` with ``datapipeline_runner.`` before these packages' names in its import statements.

    Raises ValueError for an import that would bind another name.
    """
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _first(alias.name) in names:
                    raise ValueError(f"line {node.lineno}: write `from … import …` for {alias.name}")
        elif isinstance(node, ast.ImportFrom) and not node.level and _first(node.module) in names:
            # Offsets are in bytes, and what is before an import statement is ASCII.
            begin = node.col_offset + len("from ")
            line = lines[node.lineno - 1]
            lines[node.lineno - 1] = f"{line[:begin]}{PACKAGE}.{line[begin:]}"
    return "".join(lines)


def _first(module: str | None) -> str:
    return (module or "").partition(".")[0]


def _imports_the_kit(file: Path) -> bool:
    """The commands import handlers as Lambda does; the kit and the package import the package's kit."""
    return file.parts[0] in {"runner", "__init__.py"}


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, dirs_exist_ok=True, ignore=_LEFT_OUT)
