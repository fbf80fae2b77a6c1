"""The AWS CLI for commands in a container, which has no layers. In functions, a layer brings it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from runner import clients

VARIABLE = "TASK_AWS_CLI"
"""The container's variable that says where the zip of the CLI's layer is."""

PROGRAMS = Path(__file__).with_name("in_container")
"""``aws``, which unpacks the zip when it is first called."""


def fetch(directory: Path) -> dict[str, str]:
    """Fetch the zip into ``directory``, and return the variable with which ``aws`` finds it.

    Empty in a function. Raises AWS's errors.
    """
    if VARIABLE not in os.environ:
        return {}
    place = urlsplit(os.environ[VARIABLE])
    archive = directory / "aws-cli.zip"
    clients.s3().download_file(place.netloc, place.path.lstrip("/"), str(archive))
    return {"AWS_CLI_ZIP": str(archive)}
