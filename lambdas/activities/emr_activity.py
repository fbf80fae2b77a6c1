"""EmrActivity, HadoopActivity, HiveActivity, PigActivity and HiveCopyActivity, as steps of an EMR cluster."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module

from emr.run import run
from emr.steps import Step
from emr.where import Where
from runner import Outcome, Task, TaskFailed, task_handler

_STEPS_OF = {
    "EmrActivity": "emr_steps",
    "HadoopActivity": "hadoop",
    "HiveActivity": "hive",
    "HiveCopyActivity": "hive_copy",
    "PigActivity": "pig",
}
"""The module in ``emr`` that makes the steps of a type. Only the one that is needed is imported."""
_RESIZE = "resizeClusterBeforeRunning"


@task_handler
def handler(task: Task) -> Outcome | None:
    """Add the next step, or look at the one that runs."""
    return run(task, Where.of(os.environ), steps_of)


def steps_of(task: Task) -> Sequence[Step]:
    """The steps of a task of any of the types. Raises FieldError, and TaskFailed."""
    module = _STEPS_OF.get(task.type)
    if module is None:
        raise TaskFailed(
            f"'{task.attempt_id}' is a {task.type}: emr(...) handles {', '.join(_STEPS_OF)}.",
            error_id="UnsupportedType",
        )
    if task.state is None and _RESIZE in task and task.boolean(_RESIZE):
        # A larger cluster would copy a DynamoDB table sooner; what is copied is the same.
        task.logger.info("Cluster not resized")
    found: Sequence[Step] = import_module(f"emr.{module}").steps_of(task)
    return found
