"""What of an image there is on local AWS: its name, and the programs that a container finds.

Without Docker there are no images. Every container sees this machine's own file system, and finds this
machine's programs on its PATH, behind a Python with boto3 (as in AWS's image for Lambda functions in Python)
and package managers that install nothing.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")
MISSING_DOMAIN = ".invalid"
"""RFC 6761, 6.4: names in this domain do not exist. An image of a registry there cannot be pulled."""

_BIN = Path(__file__).with_name("bin")
_REFERENCE = re.compile(
    r"(?P<registry>[a-z0-9.-]+(?::\d+)?/)?[a-z0-9._/-]+(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)


def why_no_image(image: str) -> str | None:
    """Why an image cannot be pulled, in the words of Amazon ECS; None if it can."""
    reference = _REFERENCE.fullmatch(image)
    if reference is None:
        return (
            f"CannotPullContainerError: failed to parse image reference {image!r}: invalid reference format"
        )
    host = (reference["registry"] or "").rstrip("/").partition(":")[0]
    if host.endswith(MISSING_DOMAIN):
        return (
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): "
            f"failed to resolve ref {image}: not found"
        )
    return None


def make_programs(directory: Path) -> Path:
    """Make a directory with the package managers, which precede this machine's programs."""
    directory.mkdir()
    directory.chmod(0o755)  # Whatever the umask, so that all users can enter.
    for program in _BIN.iterdir():
        copy = directory / program.name  # A copy, because other users may not enter the checkout.
        shutil.copyfile(program, copy)
        copy.chmod(0o755)
    return directory


def search_path(programs: Path, python: Path) -> str:
    """A container's PATH. ``programs`` is what `make_programs` made, ``python`` the path of the Python."""
    return ":".join((str(programs), str(python.parent), *SYSTEM_PATH))


def find_program(name: str, path: str) -> str | None:
    """The path of the program that a container's first word names."""
    return shutil.which(name, path=path)
