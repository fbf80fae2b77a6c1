"""The locks belong to the requirements files. None of this needs a registry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.lock_file import is_current, lines, mark, options

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = [
    ROOT / name
    for name in (
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-spark.txt",
        "lambdas/requirements.txt",
    )
]
each = pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: str(file.relative_to(ROOT)))


@each
def test_each_lock_was_written_for_its_requirements(file: Path) -> None:
    assert is_current(file, _lock(file)), "run: make lock"


@each
def test_each_package_of_a_lock_is_pinned_and_hashed(file: Path) -> None:
    blocks = _blocks(_lock(file))
    assert blocks
    for block in blocks:
        assert re.match(r"[\w.-]+==[\w.]+( ;[^\\\n]+)? \\\n    --hash=sha256:[0-9a-f]{64}\b", block), block


@each
def test_a_lock_names_no_registry(file: Path) -> None:
    assert not re.search(r"://|@|--index|--extra-index|--find-links", _lock(file).read_text())


def test_the_locks_agree_on_versions() -> None:
    developer = set(_pins(ROOT / "requirements-dev.lock"))
    names = {pin.partition("==")[0] for pin in developer}
    for file in REQUIREMENTS:
        pins = set(_pins(_lock(file)))
        if file.name == "requirements-spark.txt":  # It is added to the developer's packages.
            pins = {pin for pin in pins if pin.partition("==")[0] in names}
        assert pins <= developer


def test_the_lambda_asset_is_the_same_whichever_machine_builds_it() -> None:
    assert " ; " not in (ROOT / "lambdas/requirements.lock").read_text()


@pytest.mark.parametrize(
    "changed",
    [
        "six==1.17.0\nhumanize\n",
        "six[extra]==1.17.0\n",
        "six==1.17.0; python_version >= '3.8'\n",
        "six==1.17.0\n-r more.txt\n",
        "",
    ],
)
def test_a_lock_does_not_outlive_a_change(changed: str, tmp_path: Path) -> None:
    file, lock = tmp_path / "requirements.txt", tmp_path / "requirements.lock"
    (tmp_path / "more.txt").write_text("attrs\n")
    file.write_text("six==1.17.0\n")
    lock.write_text("six==1.17.0 --hash=sha256:0\n")
    assert not is_current(file, lock)
    mark(file, lock)
    assert is_current(file, lock)
    file.write_text(changed)
    assert not is_current(file, lock)


def test_a_lock_does_not_outlive_a_change_of_an_included_file(tmp_path: Path) -> None:
    file, lock, more = (tmp_path / name for name in ("requirements.txt", "requirements.lock", "more.txt"))
    file.write_text("--requirement=more.txt\n")
    more.write_text("attrs\n")
    lock.touch()
    mark(file, lock)
    more.write_text("attrs<26\n")
    assert not is_current(file, lock)


def test_comments_line_endings_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    file, lock = tmp_path / "requirements.txt", tmp_path / "requirements.lock"
    file.write_text("six\nattrs\n")
    lock.touch()
    mark(file, lock)
    file.write_bytes(b"\xef\xbb\xbf# Ours.\r\nsix  # because\r\n\r\n  attrs\r\n")
    assert is_current(file, lock)


def test_marking_again_replaces_the_mark(tmp_path: Path) -> None:
    file, lock = tmp_path / "requirements.txt", tmp_path / "requirements.lock"
    for text in ("six\n", "attrs\n"):
        file.write_text(text)
        lock.touch()
        mark(file, lock)
    assert lock.read_text().count("sha256:") == 1


def test_nothing_required_needs_no_lock(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("# Nothing.\n")
    assert is_current(file, tmp_path / "requirements.lock")


def test_options_reach_pip_and_included_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("--find-links 'some wheels'\n-r more.txt\nsix\n")
    (tmp_path / "more.txt").write_text("-i https://example.com/simple\nattrs @ file:///attrs.whl\n")
    assert options(file) == ["--find-links", "some wheels", "-i", "https://example.com/simple"]
    assert [line for line in lines(file) if not line.startswith("-")] == ["attrs @ file:///attrs.whl", "six"]


@pytest.mark.parametrize(
    "include",
    ["-r more.txt", "-rmore.txt", "--requirement more.txt", "--requirement=more.txt", "-c more.txt"],
)
def test_each_way_to_include_a_file_is_followed(include: str, tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(f"{include}\n")
    (tmp_path / "more.txt").write_text("attrs\n")
    assert list(lines(file)) == ["attrs"]


def test_a_continued_line_is_one_and_its_hash_is_no_option(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("six==1.17.0 \\\n    --hash=sha256:0\n")
    assert [line.split() for line in lines(file)] == [["six==1.17.0", "--hash=sha256:0"]]
    assert options(file) == []


def _lock(file: Path) -> Path:
    return file.with_suffix(".lock")


def _pins(lock: Path) -> list[str]:
    return re.findall(r"^([\w.-]+==[\w.]+)", lock.read_text(), re.MULTILINE)


def _blocks(lock: Path) -> list[str]:
    """Each package's lines: its pin, its hashes and who asked for it."""
    return re.split(r"^(?=\w)", lock.read_text(), flags=re.MULTILINE)[1:]
