"""Progress reports while the handler works.

The service takes a task away after 15 minutes without a report (developer guide; the service model says 5).
The response also says whether the task has been canceled (API Reference, ReportTaskProgress).

On Lambda, a separate process reports (``progress_process``); elsewhere, a thread does.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from runner.clients import aws_error_code
from runner.task import Task

if TYPE_CHECKING:
    from mypy_boto3_datapipeline import DataPipelineClient

INTERVAL_SECONDS = 60.0


def report_interval() -> float:
    """Seconds between two reports. Local AWS may run the protocol's times faster."""
    return float(os.environ.get("PROGRESS_INTERVAL_SECONDS") or INTERVAL_SECONDS)


_NO_LONGER_OURS = {"TaskNotFoundException", "PipelineNotFoundException", "PipelineDeletedException"}


@dataclass(frozen=True)
class Answer:
    """The service's answer to a report. ``error`` is empty if the service accepted it."""

    canceled: bool
    error_code: str = ""
    error: str = ""


def report(client: DataPipelineClient, task_id: str) -> Answer:
    """Report once. A task that the service no longer knows counts as canceled. Other errors are returned."""
    try:
        return Answer(canceled=bool(client.report_task_progress(taskId=task_id)["canceled"]))
    except Exception as error:  # whatever it is, it must not end the reports
        code = aws_error_code(error)
        return Answer(canceled=code in _NO_LONGER_OURS, error_code=code, error=str(error))


def apply(task: Task, answer: Answer) -> None:
    """Log a failed report, and cancel the task if the service has canceled it."""
    if answer.error:
        task.logger.warning("Progress report failed", errorId=answer.error_code, error=answer.error)
    if answer.canceled:
        task.logger.info("Task canceled")
        task.cancel()


class ProgressThread:
    """Reports from a thread, which cannot run while the handler holds the interpreter."""

    def __init__(self, task: Task, interval: float = INTERVAL_SECONDS) -> None:
        self._task = task
        self._interval = interval
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self.run, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Stop reporting."""
        # Not joined: a report in progress must not delay the end, and a late report does no harm.
        self._ended.set()

    def run(self) -> None:
        """Report until ``end`` is called or the task is canceled."""
        while not self._ended.wait(self._interval) and not self._task.canceled:
            answer = report(self._task.data_pipeline(), self._task.id)
            if not self._ended.is_set():
                apply(self._task, answer)
