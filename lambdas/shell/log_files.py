"""Stores a command's output in S3: where the fields say, otherwise with the attempt's logs.

Developer guide, ShellCommandActivity (``stdout``, ``stderr``) and "Viewing pipeline logs":
``<pipelineLogUri>/<pipelineId>/<component>/<@instance>/<@attempt>/``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_nodes.s3_stream import S3Stream
from data_nodes.s3_uri import S3Uri
from runner.clients import aws_errors
from runner.progress import report_interval
from runner.task import Task

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SHOWN_EVERY_REPORTS = 4
"""Output is shown every 4 minutes: as often as every fourth progress report."""

NAMES = {"stdout": "StdOutput", "stderr": "StdError"}


@dataclass(frozen=True)
class LogPlace:
    """Where a stream is stored. ``required``: a field of the task names this object."""

    uri: S3Uri
    required: bool


def log_place(task: Task, stream: str) -> LogPlace | None:
    """The place of ``stdout`` or ``stderr`` in S3, if there is one.

    The service also allows a path on the disk of the task runner's host, which means nothing here.
    """
    if stream in task:
        uri = S3Uri.parse(task.string(stream))
        if uri:
            is_directory = not uri.key or uri.key.endswith("/")
            return LogPlace(uri / NAMES[stream] if is_directory else uri, required=True)
        task.logger.info("Local path ignored", field=stream)
    logs = S3Uri.parse(task.string("pipelineLogUri", ""))
    return LogPlace(attempt_directory(task, logs) / NAMES[stream], required=False) if logs else None


def attempt_directory(task: Task, logs: S3Uri) -> S3Uri:
    """The directory of the attempt's logs under ``pipelineLogUri``."""
    instance = task.instance_id
    component = next(iter(task.attempt.reference_ids("@componentParent")), "") or re.sub(
        r"_\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$", "", instance.removeprefix("@")
    )
    return (logs / f"{task.pipeline_id}/{component}/{instance}/{task.attempt_id}").directory()


class LogFile:
    """A sink that writes to S3 until an error occurs, which it keeps in ``problem``."""

    def __init__(
        self, place: LogPlace, s3: Callable[[], S3Client], now: Callable[[], float] = time.monotonic
    ) -> None:
        self.place = place
        self.problem = ""
        self._s3 = s3
        self._now = now
        self._stream: S3Stream | None = None
        self._shown = now()
        self._is_news = False

    def write(self, data: bytes) -> None:
        """Write, unless writing has failed before."""
        self._is_news = True
        self._try(lambda: self._open().write(data))

    def show_sometimes(self) -> None:
        """Let people see what there is, every few minutes: a command may run for hours."""
        if not self._is_news or self.problem or self._now() - self._shown < _shown_every():
            return
        self._shown, self._is_news = self._now(), False
        with suppress(*aws_errors()):  # If it matters, ``close`` fails too.
            self._open().show()

    def close(self) -> None:
        """Create the object."""
        self._try(lambda: self._open().close())

    def _open(self) -> S3Stream:
        if self._stream is None:
            self._stream = S3Stream(self._s3(), self.place.uri, content_type="text/plain; charset=utf-8")
        return self._stream

    def _try(self, action: Callable[[], object]) -> None:
        if self.problem:
            return
        try:
            action()
        except aws_errors() as error:
            self.problem = str(error)
            if self._stream is not None:
                with suppress(*aws_errors()):
                    self._stream.abort()


def _shown_every() -> float:
    return SHOWN_EVERY_REPORTS * report_interval()
