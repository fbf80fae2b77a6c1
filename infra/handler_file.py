"""A handler's file anywhere, deployed with the modules and packages beside it that it imports."""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from infra.bundling import BUILD, SOURCE, once, open_to_all
from infra.configuration_error import ConfigurationError
from infra.handler_module import OF_LAMBDA, check_handler_file


@dataclass(frozen=True)
class HandlerFile:
    """``file`` is absolute, and may be a link. ``files`` are all to deploy, by their path in the asset."""

    file: Path
    files: Mapping[Path, Path]

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> HandlerFile:
        """Raises ConfigurationError if there is no such file, or if it is not Python."""
        file = _found(Path(path))
        if file.suffix != ".py" or not file.stem.isidentifier():
            raise ConfigurationError(
                f"PythonHandler(path={str(path)!r}): Lambda imports the file, so it needs a name such as "
                "count_words.py, of letters, digits and _."
            )
        return cls(file, dict(sorted(_imported_from_beside(file).items())))

    def asset(self, common: Path, *, layers: bool, build: Path = BUILD) -> Path:
        """The directory to deploy: ``common``, the functions' asset, with this handler at its root.

        Raises ConfigurationError for a module that Lambda could not load, or whose name is taken.
        """
        for name in {path.parts[0].removesuffix(".py") for path in self.files}:
            self._refuse_taken(name, common)
        digest = self._digest(common)
        asset = once(build / f"handler-{digest}", partial(self._add_to, common))
        # What is checked is the project's own code, not the packages that it brings.
        source = once(build / f"source-{digest}", partial(self._add_to, SOURCE))
        try:
            check_handler_file(source / self.file.name, source=source, asset=asset, layers=layers)
        except ConfigurationError as error:
            raise ConfigurationError(str(error).replace(str(source), str(self.file.parent))) from None
        return asset

    def _refuse_taken(self, name: str, common: Path) -> None:
        taken = name in OF_LAMBDA or (common / name).exists() or (common / f"{name}.py").exists()
        if taken:
            raise ConfigurationError(
                f"{self.file.parent / name}: on Lambda, `{name}` is a module of Python, of the runner, or of "
                "a package that it brings. Give yours another name."
            )

    def _add_to(self, common: Path, target: Path) -> None:
        shutil.copytree(common, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        for path, file in self.files.items():
            copy = target / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
        open_to_all(target)

    def _digest(self, common: Path) -> str:
        digest = hashlib.sha256(common.name.encode())
        for path, file in self.files.items():
            digest.update(f"\0{path.as_posix()}\0".encode())
            digest.update(file.read_bytes())
        return digest.hexdigest()[:16]


def _found(path: Path) -> Path:
    """The file: of a relative path beside app.py, else in the working directory, which is cdk.json's."""
    app = getattr(sys.modules["__main__"], "__file__", None)
    directories = dict.fromkeys([*([Path(app).resolve().parent] if app else []), Path.cwd()])
    for directory in directories:
        if (directory / path).is_file():
            # A link keeps its own name: that is what Lambda imports.
            return (directory / path).parent.resolve() / path.name
    looked = "" if path.is_absolute() else f" in {' or '.join(map(str, directories))}"
    raise ConfigurationError(f"PythonHandler(path={str(path)!r}): there is no such file{looked}.")


def _imported_from_beside(file: Path) -> dict[Path, Path]:
    """``file`` and what it imports from its own directory, and what that imports, by the path in the asset.

    Beside a link are the files beside it, and those beside what it leads to.
    """
    found = {Path(file.name): file}
    todo = [file]
    while todo:
        for name in _imported_names(todo.pop()):
            for directory in dict.fromkeys([file.parent, file.resolve().parent]):
                files = {each.relative_to(directory): each for each in _files_of(directory, name)}
                if files:
                    todo += [files[path] for path in files.keys() - found.keys() if path.suffix == ".py"]
                    found = files | found
                    break
    return found


def _imported_names(file: Path) -> Iterator[str]:
    """The first names of absolute imports, wherever they stand. A file that is not Python has none here."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return  # The check says where.
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def _files_of(directory: Path, name: str) -> Iterator[Path]:
    """The module, or the whole package, with the files that it may read."""
    package = directory / name
    # In Python's order: a package, a module, a namespace package.
    if not (package / "__init__.py").is_file() and (directory / f"{name}.py").is_file():
        yield directory / f"{name}.py"
        return
    files = [path for path in _files_below(package) if _is_deployed(path, package)]
    if any(path.suffix == ".py" for path in files):
        yield from files


def _files_below(directory: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """All files, also behind links, but for those that lead back up."""
    above = (*above, directory.resolve())
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        if path.is_dir():
            if not any(each.is_relative_to(path.resolve()) for each in above):
                yield from _files_below(path, above)
        elif path.is_file():
            yield path


def _is_deployed(path: Path, package: Path) -> bool:
    """Whether a package's file goes along: not what is hidden, such as .env, .git and .venv."""
    parts = path.relative_to(package).parts
    return "__pycache__" not in parts and not any(part.startswith(".") for part in parts)
