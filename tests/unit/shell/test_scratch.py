"""Removes whatever a command leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.directories import open_directory
from runner import environment
from shell import scratch
from shell.scratch import remove, scratch_directory


def _deep(directory: Path) -> None:
    """The tree is deeper than the limits of paths and of Python's recursion."""
    here = os.open(directory, os.O_RDONLY)
    for _ in range(2_500):
        os.mkdir("a", dir_fd=here)
        there = os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there
    os.close(here)


def _closed(directory: Path) -> None:
    (directory / "a/b").mkdir(parents=True)
    (directory / "a/b/file").touch()
    (directory / "a/b").chmod(0)
    (directory / "a").chmod(0)


def _wide(directory: Path) -> None:
    for number in range(scratch._ENTRIES_AT_ONCE // 4):
        (directory / f"d{number}").mkdir()
        (directory / f"f{number}").touch()


def _linked(directory: Path) -> None:
    (directory / "up").symlink_to("..")
    (directory / "outside").symlink_to(directory.parent / "outside", target_is_directory=True)
    (directory / "nowhere").symlink_to("nowhere")
    os.mkfifo(directory / "pipe")
    (directory / os.fsdecode(b"\xff\n")).mkdir()


@pytest.mark.parametrize("leave", [_deep, _closed, _wide, _linked])
def test_nothing_is_left(
    leave: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "_ENTRIES_AT_ONCE", 400)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/kept").touch()
    (tmp_path / "task").mkdir()
    leave(tmp_path / "task")
    remove(tmp_path / "task")
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert (tmp_path / "outside/kept").exists()


def test_what_is_not_there_is_removed(tmp_path: Path) -> None:
    remove(tmp_path / "none")
    (tmp_path / "file").touch()
    remove(tmp_path / "file")
    assert not list(tmp_path.iterdir())


def test_an_environment_that_cannot_be_emptied_is_condemned(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons: list[str] = []
    monkeypatch.setattr(environment, "_reasons", reasons)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError("not permitted")

    with scratch_directory() as directory:
        (directory / "file").touch()
        monkeypatch.setattr("shell.scratch.os.unlink", refused)
    monkeypatch.undo()
    assert reasons == [f"'{directory}' could not be removed: not permitted"]
    remove(directory)


EMPTYING = """
import os, sys, tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from runner import environment, telemetry  # now: another user may not read them
from shell.scratch import scratch_directory
storage = Path(tempfile.gettempdir())
if os.getuid() == 0:  # whom no mode stops
    os.chown(storage, 65534, 65534)
    os.setgid(65534)
    os.setuid(65534)
with scratch_directory() as directory:
    (storage / "left").touch()
    storage.chmod(0)
storage.chmod(0o777)
print(sorted(path.name for path in storage.iterdir()), environment.is_condemned())
"""


def test_ephemeral_storage_is_emptied_though_a_command_closed_it(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.symlink_to(Path(scratch.__file__).parents[1], target_is_directory=True)
    with open_directory("storage-") as storage:
        done = subprocess.run(
            [sys.executable, "-c", EMPTYING, str(code)],
            env={"TMPDIR": str(storage), "LAMBDA_TASK_ROOT": str(code), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.stdout == "[] False\n", done.stderr
