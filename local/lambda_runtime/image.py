"""The programs in Lambda's image, which are all that a command finds. image.json lists them, with sources.

A program that only the developer's machine has would let a command succeed here that fails on AWS.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from local.processes import mounts

IMAGE = json.loads(Path(__file__).with_name("image.json").read_text())
SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")
_IS = {"awk": "gawk", "sh": "bash"}
"""Programs that Lambda has under a name that other systems use for another program."""
_PROBE_SECONDS = 20.0


def programs() -> list[str]:
    """The names of the image's programs, without Python's."""
    return sorted(name for names in IMAGE["packages"].values() for name in names)


def link_programs(directory: Path) -> Path:
    """Make a directory with the image's programs, as far as this machine has them."""
    directory.mkdir(mode=0o755, parents=True)
    for name in programs():
        path = ":".join(SYSTEM_PATH)
        if found := shutil.which(_IS.get(name, name), path=path) or shutil.which(name, path=path):
            (directory / name).symlink_to(found)
    return directory


def can_hide(place: Path) -> bool:
    """Whether devices and time zones can be hidden from functions. Tries it in ``place``: see mounts.py."""
    if sys.platform != "linux":
        return False
    place.mkdir(mode=0o755, parents=True, exist_ok=True)
    command = [sys.executable, "-I", "-S", mounts.__file__, str(place), *IMAGE["devices"]]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PROBE_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
