"""The examples of the documentation are the files under docs/examples, which tests/system runs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "writing-handlers.md"
OTHER_PAGE = DOCS / "sql-activity.md"
EXAMPLES = DOCS / "examples"

_LINK = re.compile(r"\]\((examples/\S+)\)")
_BLOCK = re.compile(r"(?:^<!-- (?P<file>\S+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)


def test_each_block_is_its_file() -> None:
    # Commands are run instead, by a test that the page names.
    blocks = [block for block in _BLOCK.finditer(PAGE.read_text()) if block["language"] != "sh"]
    assert blocks
    assert [block["text"] for block in blocks if block["file"] is None] == []
    others = [block for block in _BLOCK.finditer(OTHER_PAGE.read_text()) if block["file"]]
    for block in [*blocks, *others]:
        assert block["text"] == (DOCS.parent / block["file"]).read_text(), block["file"]


def test_each_file_is_shown_or_linked() -> None:
    shown = {block["file"] for page in (PAGE, OTHER_PAGE) for block in _BLOCK.finditer(page.read_text())}
    pages = [page.read_text() for page in DOCS.glob("*.md")]
    linked = {f"docs/{link}" for page in pages for link in _LINK.findall(page)}
    files = {
        file.relative_to(DOCS.parent).as_posix()
        for file in EXAMPLES.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert files
    assert files <= shown | linked


def test_the_dockerfile_brings_what_the_runner_needs_and_hosts_had() -> None:
    """As far as it can be tested without Docker: its one command is a shell's, and has these words."""
    lines = (EXAMPLES / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    instructions = [line for line in lines if line and not line.startswith("#")]
    assert [line.split()[0] for line in instructions] == ["FROM", "RUN"]
    command = instructions[1].removeprefix("RUN ")
    assert subprocess.run(["bash", "-n", "-c", command], check=False).returncode == 0
    words = set(command.split())
    assert {"python3.12", "boto3", "/usr/local/bin/python3"} <= words
    assert {"awscli-2", "java-17-amazon-corretto-headless", "mariadb105", "openssh-clients"} <= words
    assert {"postgresql15", "sudo", "tar", "unzip", "wget"} <= words
