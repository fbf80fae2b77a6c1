"""The actions in an expression, by name."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable

from shell.find.entry import Entry, Quit, Search, UsageError, say

Test = Callable[[Entry], bool]
Take = Callable[[str], str]
Make = Callable[[str, Take, Search], Test]

_MAX_BATCH = 100_000
"""Bytes of arguments for one ``-exec … +``. Linux takes more, minus the environment (execve(2))."""


def printed(entry: Entry) -> bool:
    """Print the path and a line feed."""
    sys.stdout.write(f"{entry.path}\n")
    return True


def _print(_name: str, _take: Take, search: Search) -> Test:
    search.acts = True
    return printed


def _print0(_name: str, _take: Take, search: Search) -> Test:
    search.acts = True

    def write(entry: Entry) -> bool:
        sys.stdout.write(f"{entry.path}\0")
        return True

    return write


_DIRECTIVES: dict[str, Callable[[Entry], str]] = {
    "p": lambda entry: entry.path,
    "f": lambda entry: entry.name + _slashes(entry.path),
    "h": lambda entry: entry.path.rpartition("/")[0] if "/" in entry.path else ".",
    "H": lambda entry: entry.start,
    "P": lambda entry: entry.path[len(entry.start) :].lstrip("/"),
    "s": lambda entry: str(entry.status.st_size),
    "d": lambda entry: str(entry.depth),
    "m": lambda entry: f"{stat.S_IMODE(entry.status.st_mode):o}",
    "y": lambda entry: stat.filemode(entry.status.st_mode)[0].replace("-", "f"),
}
_ESCAPES = {"n": "\n", "t": "\t", "0": "\0", "\\": "\\", "r": "\r", "a": "\a"}


def _slashes(path: str) -> str:
    """The slashes at the end of a starting point, which ``%f`` prints."""
    return path[len(path.rstrip("/")) :] if path.strip("/") else ""


def _printf(name: str, take: Take, search: Search) -> Test:
    search.acts = True
    text = take(name)
    parts: list[Callable[[Entry], str] | str] = []
    characters = iter(text)
    for character in characters:
        if character not in "%\\":
            parts.append(character)
            continue
        following = next(characters, "")
        if character == "%" and following == "%":
            parts.append("%")
        elif character == "%" and following in _DIRECTIVES:
            parts.append(_DIRECTIVES[following])
        elif character == "\\" and following in _ESCAPES:
            parts.append(_ESCAPES[following])
        else:
            raise UsageError(f"'{character}{following}' of {name} is not known to the find of this function")

    def write(entry: Entry) -> bool:
        sys.stdout.write("".join(part if isinstance(part, str) else part(entry) for part in parts))
        return True

    return write


def _exec(name: str, take: Take, search: Search) -> Test:
    search.acts = True
    command: list[str] = []
    while (word := take(name)) != ";":
        if word == "+" and command and command[-1] == "{}":
            return _exec_many(name, command[:-1], search)
        command.append(word)
    if not command:
        raise UsageError(f"{name} needs a command before ';'")

    def run(entry: Entry) -> bool:
        return _run([word.replace("{}", entry.path) for word in command], search) == 0

    return run


def _exec_many(name: str, command: list[str], search: Search) -> Test:
    if not command or any("{}" in word for word in command):
        raise UsageError(f"'{name} … +' needs a command, and '{{}}' once, just before the '+'")
    paths: list[str] = []
    size = 0

    def flush() -> None:
        nonlocal size
        if paths and _run([*command, *paths], search) != 0:
            search.exit_code = 1
        paths.clear()
        size = 0

    def add(entry: Entry) -> bool:
        nonlocal size
        length = len(os.fsencode(entry.path)) + 9  # Including its pointer and its null byte.
        if paths and size + length > _MAX_BATCH:
            flush()
        paths.append(entry.path)
        size += length
        return True

    search.at_end.append(flush)
    return add


def _run(command: list[str], search: Search) -> int:
    import subprocess  # Loading it takes as long as everything else.

    sys.stdout.flush()
    try:
        return subprocess.call(command)
    except OSError as error:
        say(f"'{command[0]}': {error.strerror}")
        if not isinstance(error, FileNotFoundError | PermissionError):
            search.exit_code = 1
        return 127


def _delete(_name: str, _take: Take, search: Search) -> Test:
    search.acts = search.depth_first = search.deletes = True

    def delete(entry: Entry) -> bool:
        if entry.path == ".":
            return True
        try:
            if stat.S_ISDIR(os.lstat(entry.path).st_mode):
                os.rmdir(entry.path)  # noqa: PTH106
            else:
                os.unlink(entry.path)  # noqa: PTH108
        except OSError as error:
            search.complain(entry.path, error, "cannot delete ")
            return False
        return True

    return delete


def _prune(_name: str, _take: Take, search: Search) -> Test:
    search.prunes = True

    def prune(entry: Entry) -> bool:
        entry.pruned = True
        return True

    return prune


def _quit(_name: str, _take: Take, _search: Search) -> Test:
    def end(_: Entry) -> bool:
        raise Quit

    return end


ACTIONS: dict[str, Make] = {
    "-print": _print,
    "-print0": _print0,
    "-printf": _printf,
    "-exec": _exec,
    "-delete": _delete,
    "-prune": _prune,
    "-quit": _quit,
}
