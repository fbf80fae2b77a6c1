"""A directory for one task, and ephemeral storage that is empty before and after it.

Lambda keeps /tmp from one invocation to the next (developer guide, execution environment lifecycle), and the
next task may be another pipeline's.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """An empty directory that is removed at the end, with all else that was left in Lambda's /tmp."""
    empty_ephemeral_storage()
    directory = Path(tempfile.mkdtemp(prefix="task-"))
    try:
        yield directory
    finally:
        remove(directory)
        empty_ephemeral_storage()


def empty_ephemeral_storage() -> None:
    """Remove all files in /tmp, if it is an execution environment's own; elsewhere nothing."""
    # Only code that was deployed to Lambda lies there: a test on somebody's machine does not.
    task_root = os.environ.get("LAMBDA_TASK_ROOT")
    if task_root and Path(__file__).is_relative_to(task_root):
        for left in Path(tempfile.gettempdir()).iterdir():
            remove(left)


def remove(path: Path) -> None:
    """Remove a file, or a directory with all that is in it, whatever modes a command gave them."""
    if path.is_dir() and not path.is_symlink():
        _open_up(path)
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _open_up(directory: Path) -> None:
    with suppress(OSError):
        directory.chmod(0o700)
        for entry in os.scandir(directory):
            if entry.is_dir(follow_symlinks=False):
                _open_up(Path(entry.path))
