"""Gives a process its own view of /dev and of time zones, which is as small as Lambda's.

    mounts.py PLACE DEVICE...

tries it out, and exits with 0 if it worked. Lambda's /dev has a few devices and links to the standard
streams, but no `fd` (so bash has no process substitution), no `shm` (so Python's multiprocessing has no
queues and pools) and no terminal, and there is no time zone data. Only root may mount (Linux, CAP_SYS_ADMIN),
and in many containers not even root.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable

_CLONE_NEWNS = 0x00020000
_MS_RDONLY, _MS_NOSUID, _MS_NOEXEC, _MS_BIND, _MS_MOVE, _MS_REC, _MS_PRIVATE = (
    1,
    2,
    8,
    4096,
    8192,
    16384,
    1 << 18,
)
_TIME_ZONES = "/usr/share/zoneinfo"
_STREAMS = ("stdin", "stdout", "stderr")


def hide(place: str, devices: Iterable[str]) -> None:
    """Give this process and its children Lambda's view. ``place`` is an empty directory. Raises OSError."""
    if _libc.unshare(_CLONE_NEWNS) != 0:
        raise _error("unshare")
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", place, "tmpfs", _MS_NOSUID | _MS_NOEXEC, "mode=0755,size=64k")
    for name in devices:
        os.close(os.open(f"{place}/{name}", os.O_CREAT | os.O_WRONLY, 0o666))
        _mount(f"/dev/{name}", f"{place}/{name}", None, _MS_BIND)
    for number, name in enumerate(_STREAMS):
        os.symlink(f"/proc/self/fd/{number}", f"{place}/{name}")  # noqa: PTH211 - pathlib loads slowly
    _mount(place, "/dev", None, _MS_MOVE)
    if os.path.isdir(_TIME_ZONES):  # noqa: PTH112
        _mount("tmpfs", _TIME_ZONES, "tmpfs", _MS_RDONLY, "mode=0755,size=4k")


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    words = [None if word is None else word.encode() for word in (source, target, kind)]
    data = None if options is None else options.encode()
    if _libc.mount(*words, ctypes.c_ulong(flags), data) != 0:
        raise _error(f"mount {target}")


def _error(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")


_libc = ctypes.CDLL(None, use_errno=True)

if __name__ == "__main__":
    hide(sys.argv[1], sys.argv[2:])
