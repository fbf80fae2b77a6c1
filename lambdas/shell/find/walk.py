"""Walks the directory trees below the starting points."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator

from shell.find.entry import Entry, Search, say


def walk(starts: list[str], search: Search, visit: Callable[[Entry], object]) -> None:
    """Visit each file within the depth limits. No recursion: a tree may be thousands of levels deep."""
    for start in starts:
        try:
            status = _status(start, follow=search.follow or search.follow_starts)
        except OSError as error:
            search.complain(start, error)
            continue
        _walk_tree(Entry(start, start, 0, status), search, visit)


def _walk_tree(root: Entry, search: Search, visit: Callable[[Entry], object]) -> None:
    def enter(entry: Entry) -> bool:
        """Whether to descend into it. Visits it here unless it is a directory that is visited last."""
        if search.depth_first and _descends(entry, root, search):
            return True
        _visit(entry, search, visit)
        return not entry.pruned and not search.depth_first and _descends(entry, root, search)

    open_directories: list[tuple[Entry, Iterator[str]]] = []
    if enter(root):
        open_directories.append((root, _names(root, search)))
    while open_directories:
        directory, names = open_directories[-1]
        name = next(names, None)
        if name is None:
            open_directories.pop()
            if search.depth_first:
                _visit(directory, search, visit)
            continue
        path = f"{directory.path}{'' if directory.path.endswith('/') else '/'}{name}"
        try:
            status = _status(path, follow=search.follow)
        except OSError as error:
            search.complain(path, error)
            continue
        entry = Entry(path, root.start, directory.depth + 1, status)
        if search.follow and stat.S_ISDIR(status.st_mode) and _is_loop(entry, open_directories):
            search.exit_code = 1
            say(f"File system loop detected; '{path}' leads to a directory that it is in.")
            continue
        if enter(entry):
            open_directories.append((entry, _names(entry, search)))


def _visit(entry: Entry, search: Search, visit: Callable[[Entry], object]) -> None:
    if search.min_depth <= entry.depth <= search.max_depth:
        visit(entry)


def _descends(entry: Entry, root: Entry, search: Search) -> bool:
    if not stat.S_ISDIR(entry.status.st_mode) or entry.depth >= search.max_depth:
        return False
    return not search.one_filesystem or entry.status.st_dev == root.status.st_dev


def _is_loop(entry: Entry, above: list[tuple[Entry, Iterator[str]]]) -> bool:
    own = (entry.status.st_dev, entry.status.st_ino)
    return any((parent.status.st_dev, parent.status.st_ino) == own for parent, _ in above)


def _status(path: str, *, follow: bool) -> os.stat_result:
    """lstat(2), or stat(2) with ``follow``. For a dangling link it is always lstat(2)."""
    if follow:
        try:
            return os.stat(path)  # noqa: PTH116 - loading pathlib takes as long as everything else
        except OSError:
            pass
    return os.lstat(path)


def _names(entry: Entry, search: Search) -> Iterator[str]:
    """All names at once, because a visit may delete a file."""
    try:
        return iter(os.listdir(entry.path))  # noqa: PTH208
    except OSError as error:
        search.complain(entry.path, error)
        return iter(())
