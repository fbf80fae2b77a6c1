"""Whether a lock belongs to its requirements file: ``make lock`` writes the file's digest into it."""

from __future__ import annotations

import hashlib
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

# As pip finds comments: a # at the start of a line or after white space.
_COMMENT = re.compile(r"(^|\s)#.*$")
_CONTINUED = re.compile(r"\\\r?\n")
_INCLUDED = re.compile(r"(?:-[rc]\s*|--(?:requirement|constraint)[\s=]\s*)(.+)")
_MARK = "# Requirements: sha256:"


def lines(file: Path) -> Iterator[str]:
    """The lines of a requirements file and of the files it includes, without comments. None are empty."""
    for line in _CONTINUED.sub(" ", file.read_text(encoding="utf-8-sig")).splitlines():
        text = _COMMENT.sub("", line).strip()
        if included := _INCLUDED.fullmatch(text):
            yield from lines(file.parent / included[1])
        elif text:
            yield text


def options(file: Path) -> list[str]:
    """The arguments for pip that ``file`` contains, such as ``--find-links DIRECTORY``."""
    return [part for line in lines(file) if line.startswith("-") for part in shlex.split(line)]


def is_current(file: Path, lock: Path) -> bool:
    """Whether the lock was written for these requirements. An empty file needs no lock."""
    wanted = list(lines(file))
    if not lock.exists():
        return not wanted
    return _mark(wanted) in lock.read_text(encoding="utf-8").splitlines()


def mark(file: Path, lock: Path) -> None:
    """Write into the lock which requirements it is for."""
    text = lock.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith(_MARK)]
    lock.write_text("\n".join([_mark(list(lines(file))), *kept, ""]), encoding="utf-8")


def _mark(wanted: list[str]) -> str:
    return _MARK + hashlib.sha256("\n".join(wanted).encode()).hexdigest()


if __name__ == "__main__":
    for name in sys.argv[1:]:
        mark(Path(name), Path(name).with_suffix(".lock"))
