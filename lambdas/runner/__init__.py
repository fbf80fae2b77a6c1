"""What the poller and the handlers share.

A handler needs no more than this::

    from runner import Outcome, Task, task_handler

    @task_handler
    def handler(task: Task) -> Outcome | None: ...
"""

from runner.fields import FieldError
from runner.handler import task_handler
from runner.outcome import Canceled, Deferred, Failed, Finished, NotMet, Outcome, TaskFailed
from runner.task import Task

__all__ = [
    "Canceled",
    "Deferred",
    "Failed",
    "FieldError",
    "Finished",
    "NotMet",
    "Outcome",
    "Task",
    "TaskFailed",
    "task_handler",
]
