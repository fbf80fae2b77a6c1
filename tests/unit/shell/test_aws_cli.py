"""The AWS CLI of commands in containers: fetched beside the command, and unpacked when it is first called."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from shell import aws_cli
from tests.unit.fake_s3 import FakeS3


def layer() -> bytes:
    """A zip as CDK's layer has it, with a program that prints its arguments."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("awscli/aws", "import sys\nprint('called', *sys.argv[1:])\n")
    return content.getvalue()


def called(variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    path = f"{aws_cli.PROGRAMS}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", 'aws "$@"', "bash", *arguments],
        env={"PATH": path, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_there_when_it_is_called(s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.objects["assets", "cli.zip"] = layer()
    monkeypatch.setenv(aws_cli.VARIABLE, "s3://assets/cli.zip")
    variables = aws_cli.fetch(tmp_path)
    for _ in range(2):
        done = called(variables, "s3", "ls", "a b")
        assert (done.returncode, done.stdout, done.stderr) == (0, "called s3 ls a b\n", "")


def test_why_it_is_not_there_is_told(s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.denied.add("assets")
    monkeypatch.setenv(aws_cli.VARIABLE, "s3://assets/cli.zip")
    began = time.monotonic()
    done = called(aws_cli.fetch(tmp_path), "s3", "ls")
    assert done.returncode == 1
    assert "the AWS CLI could not be fetched" in done.stderr
    assert time.monotonic() - began < 60


def test_a_function_has_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(aws_cli.VARIABLE, raising=False)
    assert aws_cli.fetch(tmp_path) == {}
