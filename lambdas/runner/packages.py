"""Packages of a container's image: they are installed before the work begins, or by a command."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from runner import telemetry
from runner.outcome import TaskFailed

MANAGERS = ("dnf", "microdnf", "yum")
_TAIL = 2_000


def package_manager(path: str | None = None) -> str | None:
    """The image's package manager, on ``path`` or PATH; None if it has none."""
    return next((found for name in MANAGERS if (found := shutil.which(name, path=path))), None)


def install(packages: Sequence[str]) -> None:
    """Install ``packages``. Raises TaskFailed with the package manager's last lines."""
    if not packages:
        return
    manager = package_manager()
    if manager is None:
        raise TaskFailed(
            f"The packages {', '.join(packages)} could not be installed: the image has none of "
            f"{', '.join(MANAGERS)}. Put them into an image of your own.",
            error_id="PackagesNotInstalled",
        )
    done = subprocess.run(
        [manager, "install", "-y", *packages],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        raise TaskFailed(
            f"{Path(manager).name} could not install {', '.join(packages)}: exit code {done.returncode}. "
            "The container needs a way to Amazon Linux's repositories, which are in Amazon S3; names are "
            f"those of Amazon Linux 2023. Last lines:\n{output[-_TAIL:]}",
            error_id="PackagesNotInstalled",
        )
    telemetry.logger.info("Packages installed", packages=list(packages))
