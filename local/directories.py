"""Directories that commands write to: made for any user, and removed whatever is left in them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4


@contextlib.contextmanager
def open_directory(prefix: str) -> Iterator[Path]:
    """A temporary directory for commands, whomever they run as."""
    directory = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        directory.chmod(0o777)
        yield directory
    finally:
        remove_tree(directory)


def remove_tree(top: Path) -> None:
    """Remove a directory with all below it, as far as that is allowed; nothing if it is not there.

    Each directory is moved up to `top` before it is looked into: before Python 3.13, shutil.rmtree ends with
    RecursionError in a tree that is a thousand deep. What its owner has closed to himself is opened first.
    """
    waiting = [str(top)]
    while waiting:
        directory = waiting.pop()
        with contextlib.suppress(OSError):
            for inner in _emptied_of_files(directory):
                moved = f"{top}/{uuid4().hex}"
                os.rename(inner, moved)  # noqa: PTH104 - one call for each of thousands
                waiting.append(moved)
        if directory != str(top):
            with contextlib.suppress(OSError):
                os.rmdir(directory)  # noqa: PTH106
    with contextlib.suppress(OSError):
        top.rmdir()


def _emptied_of_files(directory: str) -> Iterator[str]:
    """Remove all but the directories in one, and list those."""
    os.chmod(directory, 0o700, follow_symlinks=True)  # noqa: PTH101
    with os.scandir(directory) as entries:
        listed = list(entries)
    for entry in listed:
        with contextlib.suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                yield entry.path
            else:
                os.unlink(entry.path)  # noqa: PTH108
