"""The interpreter and the libraries of Lambda's managed Python runtime, and nothing else.

A virtual environment whose site-packages links to only those distributions that the managed runtime
brings: what a function forgot to package fails to import here as it does on AWS.
"""

from __future__ import annotations

import importlib.metadata
import sys
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


@dataclass(frozen=True)
class ManagedRuntime:
    """`language` is what Lambda has under /var/lang, `libraries` what it has under /var/runtime."""

    language: Path
    libraries: Path

    @property
    def python(self) -> Path:
        return self.language / "bin" / "python"

    @property
    def version(self) -> str:
        """As in the path of a layer's packages: python3.11."""
        return f"python{sys.version_info.major}.{sys.version_info.minor}"


def create_managed_runtime(directory: Path) -> ManagedRuntime:
    """Lay out a managed runtime under `directory`, for the Python version that runs this.

    Raises importlib.metadata.PackageNotFoundError if one of its distributions is not installed.
    """
    venv.EnvBuilder(symlinks=True).create(directory)
    (libraries,) = directory.glob("lib/python3*/site-packages")
    for distribution in map(importlib.metadata.distribution, DISTRIBUTIONS):
        files = distribution.files or []
        root = Path(str(distribution.locate_file("")))
        for name in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            link = libraries / name
            if not link.is_symlink():
                link.symlink_to(root / name)
    return ManagedRuntime(language=directory, libraries=libraries)
