"""The app on local AWS, for measurements through the public APIs."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from local.account import connection
from local.launch import ROOT, LocalAwsProcess

STACK = "TaskRunner"
READY_SECONDS = 600


@dataclass(frozen=True)
class LocalAws:
    """A running `python -m local up`."""

    pid: int
    url: str

    def client(self, service: Any, **options: Any) -> Any:
        """A boto3 client for it."""
        return boto3.client(service, **connection(self.url), **options)


def policy(*statements: dict[str, Any]) -> str:
    """An IAM policy that allows what these statements say."""
    allowed = [{"Effect": "Allow", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": allowed})


@contextlib.contextmanager
def up(*arguments: str, app: Path = ROOT) -> Iterator[LocalAws]:
    """Local AWS with the app of a directory, or with ``--no-deploy`` without it, until the block ends."""
    with LocalAwsProcess("--port", "0", *arguments, directory=app) as aws:
        yield LocalAws(aws.process.pid, aws.wait_until_ready(READY_SECONDS))
