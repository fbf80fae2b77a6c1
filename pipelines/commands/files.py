"""The files that a command finds: the image's, and those that it has made so far."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase

from pipelines.commands.programs import TOP_LEVEL, in_image, is_device

START = "/tmp/.task/work"  # noqa: S108 - stands for the directory in which the command starts
"""Its own directory, and HOME: empty, under a name that differs from run to run."""
_SCRIPT = f"{START.rpartition('/')[0]}/script"
_OF_COMMANDS = "/tmp/"  # noqa: S108 - where Lambda lets a command write
_OF_LAYERS = "/opt/"


class Made(Enum):
    """What comes of making a file."""

    MADE = "made"
    NO_DIRECTORY = "its directory is not there"
    READ_ONLY = "only root, in a container, may write there"


@dataclass
class Files:
    """``made`` has the paths of what the command made, with their texts if they are known."""

    made: dict[str, str | None] = field(default_factory=dict)
    directories: set[str] = field(default_factory=set)
    executable: set[str] = field(default_factory=set)
    fetched: set[str] = field(default_factory=set)
    """Directories that something filled whose files no word names."""
    anywhere: bool = False
    """Whether something ran that may have made files of any name."""

    def has(self, path: str) -> bool | None:
        """Whether something is there; None if that is not known."""
        path = path.rstrip("/") or "/"
        if path in self.made or path in self.directories or self._is_parent(path):
            return True
        if any(character in path for character in "*?["):
            return self._has_like(path)
        if path in {_SCRIPT, START} or START.startswith(f"{path}/") or is_device(path):
            return True
        if any(path == one or path.startswith(f"{one}/") for one in self.fetched):
            return None
        if path.startswith(_OF_COMMANDS):
            return None if self.anywhere else False
        return in_image(path)

    def _is_parent(self, path: str) -> bool:
        return any(each.startswith(f"{path}/") for each in (*self.made, *self.directories))

    def _has_like(self, pattern: str) -> bool | None:
        if any(fnmatchcase(each, pattern) for each in (*self.made, *self.directories)):
            return True
        if pattern.count("/") == 1:
            return None if any(fnmatchcase(each, pattern) for each in TOP_LEVEL) else False
        certain = pattern.partition("*")[0].partition("?")[0].partition("[")[0].rpartition("/")[0] or "/"
        filled = any(certain == one or certain.startswith(f"{one}/") for one in self.fetched)
        if certain.startswith(_OF_COMMANDS) and not filled and not self.anywhere:
            return False
        return None if self.has(certain) is not False else False

    def is_directory(self, path: str) -> bool:
        """Whether it is known to be one."""
        path = path.rstrip("/") or "/"
        return path in self.directories or path == START or self._is_parent(path) or path == "/tmp"  # noqa: S108

    def make(self, path: str, text: str | None = None, *, parents: bool = False) -> Made:
        """Make a file. With ``parents``, what makes it makes its directories too."""
        path = path.rstrip("/") or "/"
        if is_device(path) or path == _OF_COMMANDS.rstrip("/"):
            return Made.MADE
        parent = posixpath.dirname(path) or "/"
        if not parents and self.has(parent) is False:
            return Made.NO_DIRECTORY
        self.made[path] = text
        self.executable.discard(path)
        return Made.MADE if may_be_written(path) else Made.READ_ONLY

    def make_directory(self, path: str, *, parents: bool) -> Made:
        """Make a directory."""
        if self.has(path):
            return Made.MADE
        made = self.make(path, parents=parents)
        if made is not Made.NO_DIRECTORY:
            del self.made[path.rstrip("/")]
            self.directories.add(path.rstrip("/"))
        return made

    def remove(self, path: str) -> None:
        """Forget a file, and what is below it."""
        for kept in (self.made, self.executable, self.directories):
            for each in [
                one for one in kept if fnmatchcase(one, path) or one == path or one.startswith(f"{path}/")
            ]:
                kept.pop(each) if isinstance(kept, dict) else kept.discard(each)


def absolute(text: str, directory: str | None) -> str | None:
    """The path that a word means; None if that is not known."""
    if text == "~" or text.startswith("~/"):
        text = START + text[1:]
    elif text.startswith("~"):
        return f"/home/{text[1:]}"
    if not text.startswith("/"):
        if directory is None:
            return None
        text = f"{directory}/{text}"
    return posixpath.normpath(text).replace("//", "/")


def may_be_written(path: str) -> bool:
    """Whether Lambda lets a command write there."""
    return f"{path}/".startswith(_OF_COMMANDS)


def is_of_layer(path: str) -> bool:
    """Whether only a layer can have put it there."""
    return path.startswith(_OF_LAYERS)
