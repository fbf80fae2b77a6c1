"""The tests and the options in an expression, by name."""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
from collections.abc import Callable

from shell.find import glob
from shell.find.entry import Entry, Search, UsageError

Test = Callable[[Entry], bool]
Take = Callable[[str], str]
Make = Callable[[str, Take, Search], Test]
"""Makes a test from the primary's name and its arguments."""

_SECOND = 1_000_000_000
_DAY = 86_400
_UNITS = {"b": 512, "c": 1, "w": 2, "k": 1024, "M": 1024**2, "G": 1024**3}
_KINDS = {
    "b": stat.S_ISBLK,
    "c": stat.S_ISCHR,
    "d": stat.S_ISDIR,
    "f": stat.S_ISREG,
    "l": stat.S_ISLNK,
    "p": stat.S_ISFIFO,
    "s": stat.S_ISSOCK,
}


def _pattern(of: Callable[[Entry], str], *, ignore_case: bool) -> Make:
    def make(name: str, take: Take, _: Search) -> Test:
        match = glob.compiled(take(name), ignore_case=ignore_case).fullmatch
        return lambda entry: match(of(entry)) is not None

    return make


def _compared(name: str, text: str, units: str = "") -> tuple[str, int, str]:
    """``+``, ``-`` or nothing, the number, and its unit."""
    found = re.fullmatch(rf"([+-]?)([0-9]+)([{units}]?)" if units else r"([+-]?)([0-9]+)()", text)
    if not found:
        raise UsageError(f"invalid argument '{text}' to '{name}': a number such as 1, +1 or -1 is expected")
    return found[1], int(found[2]), found[3]


def _holds(sign: str, value: float, number: float) -> bool:
    return value > number if sign == "+" else value < number if sign == "-" else value == number


def _size(name: str, take: Take, _: Search) -> Test:
    sign, number, unit = _compared(name, take(name), "".join(_UNITS))
    size = _UNITS[unit or "b"]
    return lambda entry: _holds(sign, -(-entry.status.st_size // size), number)


def _count(of: Callable[[os.stat_result], int]) -> Make:
    def make(name: str, take: Take, _: Search) -> Test:
        sign, number, _unit = _compared(name, take(name))
        return lambda entry: _holds(sign, of(entry.status), number)

    return make


def _age(of: Callable[[os.stat_result], int], seconds: int) -> Make:
    """Days are rounded down. GNU find rounds minutes up, which find(1) does not mention."""

    def make(name: str, take: Take, search: Search) -> Test:
        sign, number, _ = _compared(name, take(name))
        unit = seconds * _SECOND

        def holds(entry: Entry) -> bool:
            age = search.now - of(entry.status)
            if seconds == _DAY:
                return _holds(sign, age // unit, number)
            return _holds(sign, age, number * unit) if sign else -(-age // unit) == number

        return holds

    return make


def _newer(of: Callable[[os.stat_result], int]) -> Make:
    def make(name: str, take: Take, search: Search) -> Test:
        path = take(name)
        try:
            status = os.stat(path) if search.follow or search.follow_starts else os.lstat(path)  # noqa: PTH116
        except OSError as error:
            raise UsageError(f"'{path}' of {name}: {error.strerror}") from error
        return lambda entry: of(entry.status) > status.st_mtime_ns

    return make


def _type(name: str, take: Take, _: Search) -> Test:
    letters = take(name)
    kinds = letters.split(",")
    if not all(kind in _KINDS for kind in kinds):
        raise UsageError(f"unknown argument to {name}: '{letters}'; known are {','.join(_KINDS)}")
    return lambda entry: any(_KINDS[kind](entry.status.st_mode) for kind in kinds)


def _perm(name: str, take: Take, _: Search) -> Test:
    text = take(name)
    found = re.fullmatch(r"([/-]?)([0-7]{1,4})", text)
    if not found:
        raise UsageError(f"invalid mode '{text}': the find of this function takes octal modes")
    sign, mode = found[1], int(found[2], 8)

    def holds(entry: Entry) -> bool:
        own = stat.S_IMODE(entry.status.st_mode)
        if sign == "/":
            return mode == 0 or bool(own & mode)
        return own & mode == mode if sign else own == mode

    return holds


def _owner(number_of: Callable[[str], int], of: Callable[[os.stat_result], int]) -> Make:
    def make(name: str, take: Take, _: Search) -> Test:
        text = take(name)
        try:
            number = number_of(text)
        except KeyError:
            if not text.isdecimal():
                raise UsageError(f"'{text}' of {name} is not known here") from None
            number = int(text)
        return lambda entry: of(entry.status) == number

    return make


def _empty(_name: str, _take: Take, search: Search) -> Test:
    def holds(entry: Entry) -> bool:
        if stat.S_ISDIR(entry.status.st_mode):
            try:
                with os.scandir(entry.path) as names:
                    return next(names, None) is None
            except OSError as error:
                search.complain(entry.path, error)
                return False
        return stat.S_ISREG(entry.status.st_mode) and entry.status.st_size == 0

    return holds


def _access(mode: int) -> Make:
    return lambda _name, _take, _search: lambda entry: os.access(entry.path, mode)


def _option(change: Callable[[Search], None]) -> Make:
    def make(_name: str, _take: Take, search: Search) -> Test:
        change(search)
        return lambda _: True

    return make


def _depth_first(search: Search) -> None:
    search.depth_first = search.depth_was_asked = True


def _one_filesystem(search: Search) -> None:
    search.one_filesystem = True


def _level(attribute: str) -> Make:
    def make(name: str, take: Take, search: Search) -> Test:
        text = take(name)
        if not re.fullmatch("[0-9]+", text):
            raise UsageError(f"a positive decimal integer is expected after {name}, but got '{text}'")
        setattr(search, attribute, int(text))
        return lambda _: True

    return make


def _path(entry: Entry) -> str:
    return entry.path


def _name(entry: Entry) -> str:
    return entry.name


TESTS: dict[str, Make] = {
    "-name": _pattern(_name, ignore_case=False),
    "-iname": _pattern(_name, ignore_case=True),
    "-path": _pattern(_path, ignore_case=False),
    "-wholename": _pattern(_path, ignore_case=False),
    "-ipath": _pattern(_path, ignore_case=True),
    "-iwholename": _pattern(_path, ignore_case=True),
    "-type": _type,
    "-size": _size,
    "-empty": _empty,
    "-links": _count(lambda status: status.st_nlink),
    "-perm": _perm,
    "-user": _owner(lambda name: pwd.getpwnam(name).pw_uid, lambda status: status.st_uid),
    "-group": _owner(lambda name: grp.getgrnam(name).gr_gid, lambda status: status.st_gid),
    "-readable": _access(os.R_OK),
    "-writable": _access(os.W_OK),
    "-executable": _access(os.X_OK),
    "-newer": _newer(lambda status: status.st_mtime_ns),
    "-anewer": _newer(lambda status: status.st_atime_ns),
    "-cnewer": _newer(lambda status: status.st_ctime_ns),
    "-mtime": _age(lambda status: status.st_mtime_ns, _DAY),
    "-atime": _age(lambda status: status.st_atime_ns, _DAY),
    "-ctime": _age(lambda status: status.st_ctime_ns, _DAY),
    "-mmin": _age(lambda status: status.st_mtime_ns, 60),
    "-amin": _age(lambda status: status.st_atime_ns, 60),
    "-cmin": _age(lambda status: status.st_ctime_ns, 60),
    "-true": _option(lambda _: None),
    "-false": lambda _name, _take, _search: lambda _: False,
    "-maxdepth": _level("max_depth"),
    "-mindepth": _level("min_depth"),
    "-depth": _option(_depth_first),
    "-d": _option(_depth_first),
    "-xdev": _option(_one_filesystem),
    "-mount": _option(_one_filesystem),
    # Without effect on what is found:
    "-noleaf": _option(lambda _: None),
    "-warn": _option(lambda _: None),
    "-nowarn": _option(lambda _: None),
}
