"""The interpreter and libraries of Lambda's managed Python runtime, and nothing else.

Its site-packages has only the distributions that the managed runtime provides. A library that a function
forgot to package fails to import here as it does on AWS.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

# Lambda developer guide, "Runtime-included SDK versions": boto3 and botocore with their dependencies, and
# the runtime interface client with its own.
DISTRIBUTIONS = (
    "awslambdaric",
    "boto3",
    "botocore",
    "jmespath",
    "python-dateutil",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot-restore-py",
    "urllib3",
)

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_NOT_IN_LAMBDA = frozenset(("site-packages", "dist-packages", "test", "idlelib", "turtledemo", "ensurepip"))


@dataclass(frozen=True)
class ManagedRuntime:
    """`language` stands for Lambda's /var/lang, `libraries` for /var/runtime."""

    language: Path
    libraries: Path

    @property
    def python(self) -> Path:
        return self.language / "bin" / "python"

    @property
    def bootstrap(self) -> Path:
        """The first program in an execution environment."""
        return self.language / _BOOTSTRAP.name

    @property
    def version(self) -> str:
        """The version in a layer's package path, such as python3.11."""
        return f"python{sys.version_info.major}.{sys.version_info.minor}"


def create_managed_runtime(directory: Path, *, for_all: bool = False) -> ManagedRuntime:
    """Lay out a managed runtime under `directory`, for the Python version that runs this.

    It consists of symbolic links to the installed Python and distributions. With `for_all`, those that only
    their owner can reach are there themselves, as hard links or copies.

    Raises importlib.metadata.PackageNotFoundError if one of its distributions is not installed.
    """
    if for_all and not _open_to_all(Path(os.__file__)):
        _mirror_python(directory)
    else:
        venv.EnvBuilder(symlinks=True).create(directory)
    (libraries,) = directory.glob("lib/python3*/site-packages")
    for distribution in map(importlib.metadata.distribution, DISTRIBUTIONS):
        files = distribution.files or []
        root = Path(str(distribution.locate_file("")))
        for name in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            target = libraries / name
            if for_all and not _open_to_all(root / name):
                _mirror(root / name, target)
            elif not target.is_symlink():
                target.symlink_to(root / name)
    shutil.copyfile(_BOOTSTRAP, directory / _BOOTSTRAP.name)
    return ManagedRuntime(language=directory, libraries=libraries)


def _open_to_all(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def _mirror_python(directory: Path) -> None:
    """The interpreter with its standard library, laid out as by `make install`."""
    interpreter = Path(sys.executable).resolve()
    stdlib = Path(sysconfig.get_path("stdlib"))
    _mirror(interpreter, directory / "bin" / interpreter.name)
    for name in {"python", "python3", f"python3.{sys.version_info.minor}"} - {interpreter.name}:
        (directory / "bin" / name).symlink_to(interpreter.name)
    _mirror(stdlib, directory / "lib" / stdlib.name, without=_NOT_IN_LAMBDA)
    (directory / "lib" / stdlib.name / "site-packages").mkdir(mode=0o755)
    shared = sysconfig.get_config_var("INSTSONAME")
    if sysconfig.get_config_var("Py_ENABLE_SHARED") and shared:
        _mirror(Path(sysconfig.get_config_var("LIBDIR")) / shared, directory / "lib" / shared)


def _mirror(source: Path, target: Path, *, without: frozenset[str] = frozenset()) -> None:
    """Hard-link files, or copy them where that is impossible. All can read them."""
    if not source.is_dir():
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        source = source.resolve()
        mode = source.stat().st_mode
        if mode & 0o444 == 0o444:
            try:
                os.link(source, target)
            except OSError:  # Another file system.
                shutil.copy2(source, target)
        else:
            shutil.copyfile(source, target)
            target.chmod(0o755 if mode & 0o100 else 0o644)
        return
    target.mkdir(mode=0o755, parents=True, exist_ok=True)
    for entry in source.iterdir():
        if entry.name not in without:
            _mirror(entry, target / entry.name)
