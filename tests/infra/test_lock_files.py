"""The locks hold what the requirements files ask for. None of this needs a registry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from infra.lock_file import not_locked, pins, requirements

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = [
    ROOT / name for name in ("requirements.txt", "requirements-dev.txt", "lambdas/requirements.txt")
]
each = pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: str(file.relative_to(ROOT)))


@each
def test_each_requirement_is_locked(file: Path) -> None:
    assert not_locked(file, _lock(file)) == [], "run: make lock"


@each
def test_nothing_is_locked_for_a_requirement_that_is_gone(file: Path) -> None:
    """A lock says which file asked for a package, so it still says so after the requirement is removed."""
    asked = f" -r {file.relative_to(ROOT)}\n"
    direct = {canonicalize_name(block.split("==")[0]) for block in _blocks(_lock(file)) if asked in block}
    assert direct == {canonicalize_name(wanted.name) for wanted in requirements(file)}, "run: make lock"


@each
def test_each_package_of_a_lock_is_pinned_and_hashed(file: Path) -> None:
    for block in _blocks(_lock(file)):
        assert re.match(r"[\w.-]+==[\w.]+( ;[^\\\n]+)? \\\n    --hash=sha256:[0-9a-f]{64}\b", block), block


@each
def test_a_lock_names_no_registry(file: Path) -> None:
    assert not re.search(r"://|@|--index|--extra-index|--find-links", _lock(file).read_text())


def test_the_locks_agree_on_versions() -> None:
    developer = {(pin.name, str(pin.specifier)) for pin in pins(ROOT / "requirements-dev.lock")}
    for file in REQUIREMENTS:
        assert {(pin.name, str(pin.specifier)) for pin in pins(_lock(file))} <= developer


def test_the_lambda_asset_is_the_same_whichever_machine_builds_it() -> None:
    assert [pin for pin in pins(ROOT / "lambdas/requirements.lock") if pin.marker] == []


def _lock(file: Path) -> Path:
    return file.with_suffix(".lock")


def _blocks(lock: Path) -> list[str]:
    """Each package's lines: its pin, its hashes and who asked for it."""
    return re.split(r"^(?=\w)", lock.read_text(), flags=re.MULTILINE)[1:]
