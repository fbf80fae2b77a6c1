"""Directories that any user can write to, and that can be removed whatever commands leave in them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4


@contextlib.contextmanager
def open_directory(prefix: str) -> Iterator[Path]:
    """A temporary directory for commands that may run as another user."""
    directory = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        directory.chmod(0o777)
        yield directory
    finally:
        remove_tree(directory)


def remove_tree(top: Path) -> None:
    """Remove a directory and everything below it, as far as permissions allow. A missing directory is fine.

    Each directory is moved up to `top` before it is read: before Python 3.13, shutil.rmtree fails with
    RecursionError in a tree that is a thousand levels deep. Directories that their owner has closed are
    opened first.
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
    """Remove everything in a directory but its subdirectories, and list those."""
    os.chmod(directory, 0o700, follow_symlinks=True)  # noqa: PTH101
    with os.scandir(directory) as entries:
        listed = list(entries)
    for entry in listed:
        with contextlib.suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                yield entry.path
            else:
                os.unlink(entry.path)  # noqa: PTH108
