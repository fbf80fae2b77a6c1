"""Runs the commands of docs/operations.md as they are on the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from local.launch import ROOT
from tests.system.deployments import Deployment

PAGE = (ROOT / "docs" / "operations.md").read_text()


def section(heading: str) -> str:
    """The text under a heading, up to the next heading."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, heading
    # In a block of commands, a comment looks like a heading.
    return found[1]


def follow(
    deployment: Deployment,
    heading: str,
    variables: Mapping[str, str],
    *,
    block: int = 0,
    directory: Path = ROOT,
) -> str:
    """The output of the section's commands, run in this directory with the page's variables set."""
    blocks = re.findall(r"^```sh\n(.*?)^```", section(heading), re.MULTILINE | re.DOTALL)
    return deployment.shell(blocks[block], variables, directory=directory)


def leads_from(heading: str, shown: str) -> str:
    """The row of the section's table that contains this text."""
    rows = [line for line in section(heading).splitlines() if line.startswith("| ") and shown in line]
    assert len(rows) == 1, (heading, shown, rows)
    return rows[0]
