"""What the task definition's entry point does before there is any of the runner's code."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
import pytest

from container import bootstrap
from tests.unit.fake_s3 import FakeS3


def test_the_code_is_unpacked_with_its_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as content:
        for name, mode in (("container/entry.py", 0o644), ("shell/bin/sudo", 0o755)):
            member = zipfile.ZipInfo(name)
            member.external_attr = (0o100000 | mode) << 16
            content.writestr(member, "#!/bin/sh\n")
    s3 = FakeS3({("assets", "code/abc.zip"): archive.read_bytes()})
    monkeypatch.setattr(boto3, "client", lambda service: s3)
    directory = Path(bootstrap.fetch("s3://assets/code/abc.zip"))
    assert os.access(directory / "shell/bin/sudo", os.X_OK)
    assert not os.access(directory / "container/entry.py", os.X_OK)
    assert not (directory / "code.zip").exists()


def test_the_text_runs_by_itself_and_says_what_is_missing() -> None:
    """It is handed to ``python3 -c``, in an image that may lack boto3."""
    text = Path(bootstrap.__file__).read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", text],
        env={"TASK_CODE": "s3://assets/abc.zip"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "The image has no boto3" in done.stderr
