"""What the commands of a page would run: bash runs them, with stand-ins that write down how they were called.

So it is bash itself that reads quotes, substitutions, loops and functions. All blocks of a page are one
script, as whoever follows the page has one terminal.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.docs.blocks import ROOT, Block

REAL = ("bash", "cat", "date", "env", "grep", "head", "mkdir", "sed", "tail", "tr", "xargs")
"""Programs that change nothing outside of the directory. They are run as they are."""
STANDING_IN = (
    *("aws", "npx", "make", "python", "python3", "pip", "pytest", "curl", "git", "sleep"),
    *("unzip", "mv", "rm", "chmod", "du"),
)

_STAND_IN = """\
#!/bin/bash
printf '%s\\0' "$BLOCK" "$#" "${0##*/}" "$@" >> "$COMMANDS"
echo x
"""


@dataclass(frozen=True)
class Call:
    """A program that would be run, with its arguments."""

    block: Block
    program: str
    arguments: tuple[str, ...]


def calls(blocks: Sequence[Block], directory: Path, variables: dict[str, str]) -> list[Call]:
    """How the blocks would call programs. ``directory`` is empty, and afterwards is not.

    Raises ValueError if bash refuses the script, or finds a program that is in neither list.
    """
    tools = directory / ".venv" / "bin"
    tools.mkdir(parents=True)
    for name in STANDING_IN:
        (tools / name).write_text(_STAND_IN)
        (tools / name).chmod(0o755)
    for name in REAL:
        found = shutil.which(name)
        if found:
            (tools / name).symlink_to(found)
    (directory / "docs").symlink_to(ROOT / "docs")
    record = directory / "commands"
    record.touch()
    script = "".join(f"export BLOCK={number}\n{block.text}" for number, block in enumerate(blocks))
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=directory,
        env={"PATH": str(tools), "HOME": str(directory), "COMMANDS": str(record), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    for line in done.stderr.splitlines():
        if "command not found" in line or "syntax error" in line or "No such file" in line:
            raise ValueError(f"{blocks[0].page}: {line}")
    return _read(record, blocks)


def _read(record: Path, blocks: Sequence[Block]) -> list[Call]:
    words = os.fsdecode(record.read_bytes()).split("\0")
    found = []
    while len(words) > 1:
        block, count, program = int(words[0]), int(words[1]), words[2]
        found.append(Call(blocks[block], program, tuple(words[3 : 3 + count])))
        words = words[3 + count :]
    return found
