"""A directory for a task, in ephemeral storage that is empty before and after the task.

Lambda keeps /tmp from one invocation to the next (developer guide, execution environment lifecycle), and the
next task may belong to another pipeline.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from runner import environment
from runner.deadline import uninterrupted

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_ENTRIES_AT_ONCE = 10_000


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """An empty directory. At the end it is removed, with everything else that was left in Lambda's /tmp.

    If files of this user stay behind, the environment gets no other task.
    """
    empty_ephemeral_storage()
    directory = Path(tempfile.mkdtemp(prefix="task-"))
    try:
        yield directory
    except BaseException:
        with uninterrupted():
            _leave_nothing(directory)
        raise
    else:
        with uninterrupted(over=True):
            _leave_nothing(directory)


def _leave_nothing(directory: Path) -> None:
    empty_ephemeral_storage()  # First: the directory is in it, and a command may have taken away access.
    _remove_or_condemn(directory)


def empty_ephemeral_storage() -> None:
    """Remove all files in /tmp in an execution environment. Elsewhere, remove nothing."""
    # Only code deployed to Lambda is in that directory; a test on somebody's machine is not.
    task_root = os.environ.get("LAMBDA_TASK_ROOT")
    if not task_root or not Path(__file__).is_relative_to(task_root):
        return
    storage = Path(tempfile.gettempdir())
    try:
        if storage.stat().st_uid == os.geteuid():
            storage.chmod(storage.stat().st_mode | 0o700)
        left = [path for path in storage.iterdir() if path.lstat().st_uid == os.geteuid()]
    except OSError as error:
        environment.condemn(f"'{storage}' cannot be used: {error}")
        return
    for path in left:  # Files of other users do not come from a command.
        _remove_or_condemn(path)


def _remove_or_condemn(path: Path) -> None:
    try:
        remove(path)
    except OSError as error:
        environment.condemn(f"'{path}' could not be removed: {error}")


def remove(path: Path) -> None:
    """Remove a file, or a directory with its content, whatever modes a command has set.

    No tree is too deep: it goes down and up one directory at a time, so that no path gets long, no call
    nests, and only one directory is open. Raises OSError if something cannot be removed.
    """
    here = os.open(path.parent, _DIRECTORY)
    entered: list[str] = []
    waiting = [[path.name] if _exists(path.name, here) else []]
    try:
        while waiting:
            if waiting[-1]:
                name = waiting[-1].pop()
                if _is_directory(name, here):
                    os.chmod(name, 0o700, dir_fd=here)
                    here = _entered(name, here)
                    entered.append(name)
                    waiting.append(_some_entries(here))
                else:
                    os.unlink(name, dir_fd=here)
            elif entered and (more := _some_entries(here)):
                waiting[-1] = more
            else:
                waiting.pop()
                if entered:
                    here = _entered("..", here)
                    os.rmdir(entered.pop(), dir_fd=here)
    finally:
        os.close(here)


def _entered(name: str, here: int) -> int:
    there = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
    os.close(here)
    return there


def _some_entries(directory: int) -> list[str]:
    with os.scandir(directory) as entries:
        return [entry.name for entry in islice(entries, _ENTRIES_AT_ONCE)]


def _exists(name: str, directory: int) -> bool:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _is_directory(name: str, directory: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
