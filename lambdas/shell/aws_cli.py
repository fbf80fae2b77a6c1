"""The AWS CLI for commands in a container, which has no layers. In functions, a layer brings it."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from runner import clients

VARIABLE = "TASK_AWS_CLI"
"""The container's variable that says where the zip of the CLI's layer is."""

PROGRAMS = Path(__file__).with_name("in_container")
"""``aws``, which waits for the zip and unpacks it when it is first called: most commands never call it."""


def fetch(directory: Path) -> dict[str, str]:
    """Begin to fetch the zip into ``directory``, and return the variable with which ``aws`` finds it.

    Empty in a function.
    """
    if VARIABLE not in os.environ:
        return {}
    archive = directory / "aws-cli.zip"
    threading.Thread(target=_fetch, args=(os.environ[VARIABLE], archive), name="aws-cli", daemon=True).start()
    return {"AWS_CLI_ZIP": str(archive)}


def _fetch(uri: str, archive: Path) -> None:
    place = urlsplit(uri)
    part = archive.with_suffix(".part")
    with suppress(OSError):  # The command, and with it the directory, may be over.
        try:
            clients.s3().download_file(place.netloc, place.path.lstrip("/"), str(part))
            part.rename(archive)
        except clients.aws_errors() as error:
            archive.with_suffix(".failed").write_text(str(error), encoding="utf-8")
