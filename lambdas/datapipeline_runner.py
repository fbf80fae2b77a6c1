"""The handler kit under the name that it has in repositories of one's own, where a wheel brings it."""

from runner import (
    Canceled,
    Deferred,
    Failed,
    FieldError,
    Finished,
    NotMet,
    Outcome,
    Task,
    TaskCanceled,
    TaskFailed,
    task_handler,
)

__all__ = [
    "Canceled",
    "Deferred",
    "Failed",
    "FieldError",
    "Finished",
    "NotMet",
    "Outcome",
    "Task",
    "TaskCanceled",
    "TaskFailed",
    "task_handler",
]
