"""The build backend that pyproject.toml names: setuptools', with a step that lays out the package.

It lacks the hook for editable installations on purpose: names in imports are those of the repository, where
one works in a clone.
"""

from pathlib import Path

from setuptools.build_meta import (
    build_sdist,
    build_wheel,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_wheel,
)
from setuptools.command.build_py import build_py

from distribution.layout import lay_out

__all__ = [
    "BuildPy",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_wheel",
]

ROOT = Path(__file__).resolve().parents[1]


class BuildPy(build_py):  # type: ignore[misc, unused-ignore]
    """Builds the package by ``lay_out``."""

    def run(self) -> None:
        """Write it where setuptools packs it."""
        lay_out(ROOT, Path(self.build_lib))
