"""Progress reports, while the handler works.

The service takes a task away that has not reported for 15 minutes (developer guide; its model says 5),
and tells with the same call whether the task has been canceled (API Reference, ReportTaskProgress).

On Lambda the reports come from a process of their own (``progress_process``), elsewhere from a thread.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from runner.clients import aws_error_code
from runner.task import Task

if TYPE_CHECKING:
    from mypy_boto3_datapipeline import DataPipelineClient

INTERVAL_SECONDS = 60.0

_NO_LONGER_OURS = {"TaskNotFoundException", "PipelineNotFoundException", "PipelineDeletedException"}


@dataclass(frozen=True)
class Answer:
    """What came of a report. ``error`` is empty if it was taken."""

    canceled: bool
    error_code: str = ""
    error: str = ""


def report(client: DataPipelineClient, task_id: str) -> Answer:
    """Report once. A task that the service no longer knows is canceled; any other error is only told."""
    try:
        return Answer(canceled=bool(client.report_task_progress(taskId=task_id)["canceled"]))
    except Exception as error:  # whatever it is, it must not end the reports
        code = aws_error_code(error)
        return Answer(canceled=code in _NO_LONGER_OURS, error_code=code, error=str(error))


def heard(task: Task, answer: Answer) -> None:
    """Log a report that failed, and cancel the task if it is canceled."""
    if answer.error:
        task.logger.warning("Progress report failed", errorId=answer.error_code, error=answer.error)
    if answer.canceled:
        task.logger.info("Task canceled")
        task.cancel()


class ProgressThread:
    """Reports from a thread, which has to wait while the handler holds the interpreter."""

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
        """Report no more."""
        # Not joined: a report on its way must not hold up the end, and one that comes late does no harm.
        self._ended.set()

    def run(self) -> None:
        """Report until the end, or until the task is canceled."""
        while not self._ended.wait(self._interval) and not self._task.canceled:
            answer = report(self._task.data_pipeline(), self._task.id)
            if not self._ended.is_set():
                heard(self._task, answer)
