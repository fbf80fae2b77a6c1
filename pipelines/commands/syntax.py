"""What bash says of a script without running it."""

from __future__ import annotations

import re
import shutil
import subprocess

from pipelines.commands.parser import parse


def refused_by_bash(text: str) -> str:
    """What bash says if it cannot read the text; empty if it can. It reads it only (``-n``)."""
    try:
        done = subprocess.run(
            [shutil.which("bash") or "/bin/bash", "-n"],
            input=text.encode("utf-8", "surrogateescape"),
            env={"LC_ALL": "C"},
            capture_output=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return parse(text).problem
    if not done.returncode:
        return ""
    first = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return re.sub(r"^[^:]*bash: ", "", first[0])[:200] if first else "bash cannot read it"
