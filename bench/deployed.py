"""The app on local AWS, for measurements through the public APIs."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).parents[1]
STACK = "TaskRunner"


@dataclass(frozen=True)
class LocalAws:
    """A running `python -m local up`."""

    process: subprocess.Popen[str]
    url: str

    def client(self, service: Any, **options: Any) -> Any:
        """A boto3 client for it."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the keys that may do everything there
            **options,
        )


def policy(*statements: dict[str, Any]) -> str:
    """An IAM policy that allows what these statements say."""
    allowed = [{"Effect": "Allow", **one} for one in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": allowed})


@contextlib.contextmanager
def up(*arguments: str, app: Path = ROOT) -> Iterator[LocalAws]:
    """Local AWS with the app of a directory, or with ``--no-deploy`` without it, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--port", "0", *arguments],
        cwd=app,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None  # noqa: S101 - narrows Popen's type
        words = process.stdout.readline().split()
        if words[:1] != ["ready"]:
            raise RuntimeError("local AWS did not start: try `python -m local up`")
        yield LocalAws(process, words[1])
    finally:
        process.terminate()
        process.wait(30)
