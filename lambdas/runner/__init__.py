"""The handler kit: what a handler needs to run a task of Data Pipeline.

A handler needs no more than this::

    from runner import Outcome, Task, task_handler

    @task_handler
    def handler(task: Task) -> Outcome | None: ...

The poller shares ``clients``, ``fields``, ``outcome``, ``telemetry`` and ``versions`` with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.fields import FieldError
    from runner.handler import task_handler
    from runner.outcome import Canceled, Deferred, Failed, Finished, NotMet, Outcome, TaskCanceled, TaskFailed
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
    "TaskCanceled",
    "TaskFailed",
    "task_handler",
]

_MODULES = {
    "FieldError": "fields",
    "Task": "task",
    "task_handler": "handler",
}
"""The modules of these names. All others are in ``outcome``."""


def __getattr__(name: str) -> Any:
    """Import a name when it is first used (PEP 562): the poller needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(import_module(f"{__name__}.{_MODULES.get(name, 'outcome')}"), name)
    globals()[name] = value
    return value
