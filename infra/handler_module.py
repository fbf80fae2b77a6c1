"""Checks a handler's module before it is deployed, by reading it, never importing it.

Lambda would fail only with the first task, with Runtime.ImportModuleError or Runtime.HandlerNotFound. Synth
fails earlier, and names the file, the line and the name that was probably meant.
"""

from __future__ import annotations

import ast
import platform
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from infra.configuration_error import ConfigurationError

# The AWS SDK for Python and its dependencies (Lambda developer guide, Python runtimes).
_OF_THE_RUNTIME = {
    "awslambdaric",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "s3transfer",
    "six",
    "snapshot_restore_py",
    "urllib3",
}

# The Python that runs synth may still have them (What's New in Python 3.12 and 3.13, removed modules).
_NO_LONGER_IN_PYTHON = {
    *("aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils", "imghdr"),
    *("imp", "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr"),
    *("spwd", "sunau", "telnetlib", "uu", "xdrlib"),
}
_OF_PYTHON = sys.stdlib_module_names - _NO_LONGER_IN_PYTHON
OF_LAMBDA = _OF_PYTHON | _OF_THE_RUNTIME
"""The top-level modules that every function finds."""

HANDLER = "handler"


@dataclass
class _Names:
    """The top-level names of a module."""

    defined: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    coroutines: set[str] = field(default_factory=set)
    imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    public: set[str] | None = None
    """The names in ``__all__``."""
    has_getattr: bool = False
    """It makes names on demand, with ``__getattr__`` (PEP 562)."""
    imports_star: bool = False
    """It imports ``*`` from another module."""

    @property
    def open(self) -> bool:
        """Whether the module may have names that reading does not show."""
        return self.imports_star or (self.has_getattr and self.public is None)


def check_handler_module(module: str, *, source: Path, asset: Path, layers: bool) -> None:
    """Raise ConfigurationError unless Lambda finds ``activities.<module>.handler`` and all that it imports.

    ``source`` is lambdas/. The other arguments are those of ``check_handler_file``.
    """
    activities = source / "activities"
    if not isinstance(module, str):
        raise ConfigurationError(f"PythonHandler(module={module!r}): a file's name without .py is needed.")
    file = _file_of(activities, module.split("."))
    if file is None:
        known = sorted(file.stem for file in activities.glob("*.py") if file.stem != "__init__")
        raise ConfigurationError(
            f"PythonHandler(module={module!r}): there is no such module in {activities}."
            f"{_suggestion(module.removesuffix('.py'), known)} It is a file's name without .py. A file "
            "that is elsewhere is given by its path: PythonHandler(path=...)."
        )
    check_handler_file(file, source=source, asset=asset, layers=layers)


def check_handler_file(file: Path, *, source: Path, asset: Path, layers: bool) -> None:
    """Raise ConfigurationError unless Lambda can load ``file``, with a function ``handler``.

    ``source`` is the directory of all modules that are deployed, without their packages. ``asset`` is the
    deployed directory, with them. With ``layers`` a package that is in neither may be in a layer.
    """
    names = _names(file)
    if HANDLER in names.coroutines:
        raise ConfigurationError(f"{file}: `{HANDLER}` is async, and Lambda calls no coroutine: write `def`.")
    if HANDLER not in names.defined and not names.open:
        raise ConfigurationError(
            f"{file} has no function `{HANDLER}`, which Lambda calls.{_suggestion(HANDLER, names.functions)}"
        )
    _check_imports(file, source=source, asset=asset, layers=layers)


def _check_imports(file: Path, *, source: Path, asset: Path, layers: bool) -> None:
    """Check the imports of the module, and of all modules in lambdas/ that it imports."""
    seen = {file}
    todo = [file]
    while todo:
        importing = todo.pop()
        for statement in _names(importing).imports:
            for name in _imported(statement, importing, source):
                own = _own_module(name, source, asset)
                if own is not None:
                    if own not in seen:
                        seen.add(own)
                        todo.append(own)
                elif not _is_there(name, source=source, asset=asset, layers=layers):
                    raise ConfigurationError(
                        _not_there(name, importing, statement, source=source, asset=asset)
                    )
            if isinstance(statement, ast.ImportFrom):
                _check_names(statement, importing, source, asset)


def _imported(statement: ast.Import | ast.ImportFrom, importing: Path, source: Path) -> Iterator[str]:
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    else:
        module = _absolute(statement, importing, source)
        yield module
        # A name that is imported from a package may be one of its modules.
        modules = (f"{module}.{alias.name}" for alias in statement.names)
        yield from (name for name in modules if _file_of(source, name.split(".")) is not None)


def _absolute(statement: ast.ImportFrom, importing: Path, source: Path) -> str:
    """The absolute name of the module that an import, perhaps a relative one, refers to."""
    if not statement.level:
        return statement.module or ""
    parts = importing.parent.relative_to(source).parts
    above = statement.level - 1
    if above >= len(parts):
        raise ConfigurationError(
            f"{importing}, line {statement.lineno}: `{ast.unparse(statement)}` begins above the packages of "
            f"lambdas/, where Python imports nothing. Did you mean `{_from_the_top(statement)}`?"
        )
    parts = parts[: len(parts) - above]
    return ".".join([*parts, *([statement.module] if statement.module else [])])


def _from_the_top(statement: ast.ImportFrom) -> str:
    if not statement.module:
        return f"import {', '.join(alias.name for alias in statement.names)}"
    return ast.unparse(ast.ImportFrom(statement.module, statement.names, 0))


def _own_module(name: str, source: Path, asset: Path) -> Path | None:
    """The file of a module of lambdas/, if it is deployed; runner/testing.py, for instance, is not."""
    found = _file_of(source, name.split(".")) if name else None
    return found if found and (asset / found.relative_to(source)).is_file() else None


def _is_there(name: str, *, source: Path, asset: Path, layers: bool) -> bool:
    first = name.partition(".")[0]
    if (source / first).is_dir() or (source / f"{first}.py").is_file():
        # It belongs to lambdas/, so it has to be a module there; a directory without __init__.py counts too.
        return (source / name.replace(".", "/")).is_dir()
    known = first in _OF_PYTHON or first in _OF_THE_RUNTIME
    return known or layers or (asset / first).is_dir() or (asset / f"{first}.py").is_file()


def _not_there(
    name: str, importing: Path, statement: ast.Import | ast.ImportFrom, *, source: Path, asset: Path
) -> str:
    first, _, rest = name.partition(".")
    package = source / first
    if rest and package.is_dir():
        meant = _suggestion(rest, [file.stem for file in (asset / first).glob("*.py")], before=f"{first}.")
    else:
        there = {path.stem for path in asset.iterdir() if path.stem.isidentifier()}
        meant = _suggestion(first, {*_OF_PYTHON, *_OF_THE_RUNTIME, *there}, cutoff=0.75)
    return (
        f"{importing}, line {statement.lineno}: there is no module `{name}` on Lambda.{meant} Packages of "
        "pure Python are added to lambdas/requirements.txt, or put beside a handler that is given by its "
        "path; all others come in a layer."
    )


def _check_names(statement: ast.ImportFrom, importing: Path, source: Path, asset: Path) -> None:
    module = _absolute(statement, importing, source)
    own = _own_module(module, source, asset)
    if own is None and not _is_namespace(module, source):
        return
    names = _names(own) if own is not None else _Names()
    is_package = own is None or own.name == "__init__.py"
    package = source.joinpath(*module.split(".")) if is_package else None
    for alias in statement.names:
        below = package is not None and (
            (package / alias.name).is_dir()
            or _own_module(f"{module}.{alias.name}", source, asset) is not None
        )
        if not (alias.name == "*" or alias.name in names.defined or names.open or below):
            raise ConfigurationError(
                f"{importing}, line {statement.lineno}: `{module}` has no `{alias.name}`."
                f"{_suggestion(alias.name, names.defined)}"
            )


def _is_namespace(module: str, source: Path) -> bool:
    """Whether a module is a directory without ``__init__.py``: it has no names but those of its modules."""
    parts = module.split(".")
    return all(parts) and _file_of(source, parts) is None and source.joinpath(*parts).is_dir()


def _file_of(directory: Path, parts: list[str]) -> Path | None:
    path = directory.joinpath(*parts)
    for file in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
        if all(parts) and file.is_file():
            return file
    return None


def _names(file: Path) -> _Names:
    """Raises ConfigurationError if the file is not Python."""
    try:
        return _names_in(file.read_bytes())
    except SyntaxError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        raise ConfigurationError(
            f"{file}{line}: {error.msg} (read by Python {platform.python_version()})."
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"{file}: {error}.") from error


@cache
def _names_in(text: bytes) -> _Names:
    names = _Names()
    _collect(ast.parse(text).body, names)
    if names.public is not None:
        names.defined |= names.public
    return names


def _collect(body: list[ast.stmt], names: _Names, *, guarded: bool = False) -> None:
    """``guarded``: the statements may be skipped, so their imports may fail."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            names.defined.add(statement.name)
            names.functions.add(statement.name)
            if isinstance(statement, ast.AsyncFunctionDef):
                names.coroutines.add(statement.name)
            names.has_getattr |= statement.name == "__getattr__"
        elif isinstance(statement, ast.ClassDef):
            names.defined.add(statement.name)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            names.imports_star |= any(alias.name == "*" for alias in statement.names)
            names.defined |= {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
            if not guarded:
                names.imports.append(statement)
        else:
            _collect_other(statement, names, guarded=guarded)


def _collect_other(statement: ast.stmt, names: _Names, *, guarded: bool) -> None:
    if isinstance(statement, ast.If):
        _collect(statement.body, names, guarded=True)
        _collect(statement.orelse, names, guarded=True)
    elif isinstance(statement, ast.Try):
        for part in (statement.body, statement.orelse, statement.finalbody):
            _collect(part, names, guarded=guarded or bool(statement.handlers))
        for handler in statement.handlers:
            _collect(handler.body, names, guarded=True)
    elif isinstance(statement, ast.With | ast.For | ast.While):
        _collect(statement.body, names, guarded=True)
    if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
        names.public = {
            node.value
            for node in ast.walk(statement.value)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    names.defined |= {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _suggestion(name: str, known: Collection[str], *, before: str = "", cutoff: float = 0.6) -> str:
    near = get_close_matches(name, sorted(known), n=2, cutoff=cutoff)
    return f" Did you mean {' or '.join(f'`{before}{close}`' for close in near)}?" if near else ""
