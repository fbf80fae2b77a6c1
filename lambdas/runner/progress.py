"""Progress reports from a thread, while the handler works.

The service takes a task away that has not reported for 15 minutes (developer guide; its model says 5),
and tells with the same call whether the task has been canceled (API Reference, ReportTaskProgress).
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from runner.clients import aws_error_code
from runner.task import Task

INTERVAL_SECONDS = 60.0

_NO_LONGER_OURS = {"TaskNotFoundException", "PipelineNotFoundException", "PipelineDeletedException"}


class ProgressReports:
    """A context manager: reports every ``interval`` seconds, and cancels the task when told to."""

    def __init__(self, task: Task, interval: float = INTERVAL_SECONDS) -> None:
        self._task = task
        self._interval = interval
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Not joined: a report on its way must not hold up the end, and one that comes late does no harm.
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(self._interval):
            if self._task.canceled:
                return
            self.report()

    def report(self) -> None:
        """Report once. A failed report is logged and the work goes on: the next one may do better."""
        try:
            canceled = bool(self._task.data_pipeline().report_task_progress(taskId=self._task.id)["canceled"])
        except Exception as error:  # whatever it is, it must not end the reports
            code = aws_error_code(error)
            canceled = code in _NO_LONGER_OURS
            if not self._ended.is_set():
                self._task.logger.warning("Progress report failed", errorId=code, error=str(error))
        if canceled and not self._ended.is_set():
            self._task.logger.info("Task canceled")
            self._task.cancel()
