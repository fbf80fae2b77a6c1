"""Runs the commands of docs/runbook.md as they are on the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from local.launch import ROOT
from tests.system.deployments import Deployment

PAGE = (ROOT / "docs" / "runbook.md").read_text()

# Version 1 of the AWS CLI sends the requests of SQS to AWS, whatever AWS_ENDPOINT_URL says.
_LOCAL = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }\n'

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_FIRST = re.compile(r"^\| \[(?P<alarm>\w+)\]\(#\w+\) \|.*\| `(?P<command>.+)` \|$", re.MULTILINE)


def section(heading: str) -> str:
    """The text under a heading, up to the next heading."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, heading
    # In a block of commands, a comment looks like a heading.
    return found[1]


def preparation() -> str:
    """The page's first block, which the other commands need, without the names of a stack and a group."""
    found = _BLOCK.search(PAGE)
    assert found
    return _LOCAL + re.sub(r"^(STACK|GROUP)=.*\n", "", found[1], flags=re.MULTILINE)


def first_commands() -> dict[str, str]:
    """The first command of each alarm, from the page's first table."""
    return {row["alarm"]: row["command"] for row in _FIRST.finditer(PAGE)}


def first(deployment: Deployment, alarm: str, variables: Mapping[str, str]) -> str:
    """The output of an alarm's first command."""
    return deployment.shell(preparation() + first_commands()[alarm], variables, directory=ROOT)


def follow(
    deployment: Deployment,
    heading: str,
    variables: Mapping[str, str],
    *,
    block: int = 0,
    directory: Path = ROOT,
) -> str:
    """The output of the section's commands, run in this directory with the page's variables set."""
    blocks = _BLOCK.findall(section(heading))
    return deployment.shell(preparation() + blocks[block], variables, directory=directory)


def leads_from(heading: str, shown: str) -> str:
    """The row of the section's table that contains this text."""
    rows = [line for line in section(heading).splitlines() if line.startswith("| ") and shown in line]
    assert len(rows) == 1, (heading, shown, rows)
    return rows[0]
