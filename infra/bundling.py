"""The Lambda asset: lambdas/ with the packages of its lock vendored by pip, without Docker."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from aws_cdk import aws_lambda

from infra.configuration_error import ConfigurationError
from infra.lock_file import is_current, options

ROOT = Path(__file__).resolve().parent.parent
"""The repository, or the package that a wheel makes of it."""
SOURCE = ROOT / "lambdas"
# An installed package may be read-only, and belongs to several apps.
BUILD = (ROOT if (ROOT / "pyproject.toml").exists() else Path.cwd()) / ".build"

_REQUIREMENTS = "requirements.txt"
_LOCK = "requirements.lock"
_NOT_DEPLOYED = {_REQUIREMENTS, _LOCK, "runner/testing.py"}
"""Files of lambdas/ that the functions do not need."""


def lambda_code() -> aws_lambda.Code:
    """The asset, rebuilt only when lambdas/ or its lock changes.

    Raises ConfigurationError if the lock was written for other requirements, and RuntimeError with pip's
    words if a package cannot be installed.
    """
    return aws_lambda.Code.from_asset(str(asset_directory()))


def asset_directory(source: Path = SOURCE, build: Path = BUILD) -> Path:
    """The directory that becomes the zip. Its name is a digest of its content."""
    requirements, lock = source / _REQUIREMENTS, _lock(source)
    vendor = once(
        build / f"vendor-{_digest([requirements, lock])}", lambda target: _install(requirements, lock, target)
    )
    files = sorted(p for p in source.rglob("*") if p.is_file() and "__pycache__" not in p.parts)

    def assemble(target: Path) -> None:
        shutil.copytree(vendor, target, dirs_exist_ok=True)
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=partial(_not_deployed, source))
        open_to_all(target)

    return once(build / f"lambdas-{_digest(files)}", assemble)


def _not_deployed(source: Path, directory: str, names: list[str]) -> list[str]:
    folder = Path(directory).relative_to(source)
    return [
        name
        for name in names
        if name == "__pycache__" or name.endswith(".pyc") or (folder / name).as_posix() in _NOT_DEPLOYED
    ]


def _lock(source: Path) -> Path:
    """The lock of ``source``, written for its requirements.txt as it is now."""
    lock = source / _LOCK
    if not is_current(source / _REQUIREMENTS, lock):
        raise ConfigurationError(
            f"{source.name}/{_LOCK} was not written for {source.name}/{_REQUIREMENTS} as it is now. "
            "Write it again: make lock"
        )
    return lock


def _install(requirements: Path, lock: Path, target: Path) -> None:
    """Install for the deployed runtime: pure Python only, because local AWS runs the asset on x86 too.

    The lock is complete, and made for that runtime. Without ``--no-deps`` pip would want what the packages
    need on the Python that runs it.
    """
    if not lock.exists() or not re.search(r"^\w", lock.read_text(encoding="utf-8"), re.MULTILINE):
        return
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *(
            "--target",
            str(target),
            "--requirement",
            str(lock),
            "--require-hashes",
            "--no-deps",
            "--no-compile",
        ),
        *options(requirements),
        *("--platform", "manylinux2014_aarch64", "--python-version", "3.13", "--only-binary=:all:"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"pip could not vendor {lock}:\n{done.stderr.strip()}")
    compiled = [path.name for path in target.rglob("*.so")]
    if compiled:
        raise RuntimeError(f"{lock} brings compiled code, which may not be vendored: {compiled}")
    shutil.rmtree(target / "bin", ignore_errors=True)


def open_to_all(directory: Path) -> None:
    """Let every user read the files: the zip has their modes, and Lambda's user is none that it knows.

    With a umask such as 077 a checkout is its owner's alone (Lambda developer guide, Python packages,
    "File permissions").
    """
    for path in [directory, *directory.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def once(path: Path, make: Callable[[Path], None]) -> Path:
    """``path``, made by ``make(directory)`` if it is not there; safe when two processes do it at once."""
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            fresh = Path(scratch) / "made"
            fresh.mkdir()
            make(fresh)
            try:
                fresh.rename(path)
            except OSError:
                if not path.is_dir():
                    raise
    return path


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in filter(Path.exists, files):
        digest.update(f"{file.name}\0{file.parent.name}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
