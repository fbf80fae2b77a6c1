"""Lock files: every package that a requirements file brings, pinned and hashed. ``make lock`` writes them."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

# As pip finds comments: a # at the start of a line or after white space.
_COMMENT = re.compile(r"(^|\s)#.*$")


def requirements(file: Path) -> list[Requirement]:
    """The requirements that ``file`` itself lists, without those of files that it includes.

    Raises ValueError for a line that is no requirement: a lock cannot hold a path, since it has no hash.
    """
    lines = (_COMMENT.sub("", line).strip() for line in file.read_text(encoding="utf-8").splitlines())
    try:
        return [Requirement(line) for line in lines if line and not line.startswith("-")]
    except InvalidRequirement as error:
        raise ValueError(f"{file}: {error}") from None


def pins(lock: Path) -> list[Requirement]:
    """The packages of ``lock``: ``name==version``, and a marker where not every machine needs the package."""
    lines = lock.read_text(encoding="utf-8").splitlines() if lock.exists() else []
    return [Requirement(line.removesuffix("\\")) for line in lines if re.match(r"\w", line)]


def not_locked(file: Path, lock: Path) -> list[Requirement]:
    """The requirements of ``file`` that no version in ``lock`` meets.

    One with a marker may be missing: a lock leaves out a package that its machines do not need.
    """
    versions: dict[str, list[str]] = {}
    for pin in pins(lock):
        versions.setdefault(canonicalize_name(pin.name), []).append(_version(pin))
    return [wanted for wanted in requirements(file) if not _is_met(wanted, versions)]


def _is_met(wanted: Requirement, versions: dict[str, list[str]]) -> bool:
    found = versions.get(canonicalize_name(wanted.name), [])
    if not found:
        return wanted.marker is not None
    return all(wanted.specifier.contains(version, prereleases=True) for version in found)


def _version(pin: Requirement) -> str:
    (specifier,) = pin.specifier
    return specifier.version
