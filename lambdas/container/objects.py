"""The objects through which RunTask and a container tell each other about a task.

They are in the claims bucket, under a name that only RunTask and the container know: an execution's. Whoever
has the container's role can read them by name and cannot list them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from runner.clients import aws_error_code, aws_errors
from runner.environment import CONTAINER_VARIABLE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = "containers/"

# S3 user guide, conditional writes: the object exists, or is being written at the same time.
_THERE = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


@dataclass(frozen=True)
class Found:
    """What a container has written."""

    begun: bool
    """Whether a container has taken the task."""
    outcome: Any
    """How the handler ended; None if it has not."""


@dataclass(frozen=True)
class TaskObjects:
    """The objects of one task: its event, who runs it, and how it ended."""

    s3: S3Client
    bucket: str
    folder: str
    """Ends with a slash."""

    @classmethod
    def of_container(cls, s3: S3Client) -> TaskObjects:
        """Those of the container that this process runs in: ``s3://<bucket>/containers/<execution>/``."""
        place = urlsplit(os.environ[CONTAINER_VARIABLE])
        return cls(s3, place.netloc, place.path.lstrip("/"))

    @classmethod
    def of_execution(cls, s3: S3Client, bucket: str, execution: str) -> TaskObjects:
        """Those of an execution of RunTask, by its name."""
        return cls(s3, bucket, f"{FOLDER}{execution}/")

    def event(self) -> dict[str, Any]:
        """The handler's event, which RunTask has written."""
        event: dict[str, Any] = json.loads(self._read("event.json"))
        return event

    def begin(self, container: str) -> bool:
        """Take the task for ``container``. False if another container has taken it.

        The same container may ask again: an earlier request may have succeeded, and its answer been lost.
        """
        try:
            self.s3.put_object(
                Bucket=self.bucket,
                Key=f"{self.folder}started",
                Body=container.encode(),
                IfNoneMatch="*",
            )
        except aws_errors() as error:
            if aws_error_code(error) not in _THERE:
                raise
            return self._read("started").decode() == container
        return True

    def end(self, outcome: Mapping[str, Any]) -> None:
        """Write how the handler ended: what a function would have returned."""
        self.s3.put_object(
            Bucket=self.bucket,
            Key=f"{self.folder}outcome.json",
            Body=json.dumps(outcome).encode(),
            ContentType="application/json",
        )

    def found(self) -> Found:
        """What the container has written so far."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self.folder)
        names = {item["Key"].removeprefix(self.folder) for item in listed.get("Contents", ())}
        outcome = json.loads(self._read("outcome.json")) if "outcome.json" in names else None
        return Found(begun="started" in names, outcome=outcome)

    def _read(self, name: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=self.folder + name)["Body"].read()
