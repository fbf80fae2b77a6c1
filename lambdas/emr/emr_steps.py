"""The steps of an EmrActivity. Developer guide, EmrActivity."""

from __future__ import annotations

from collections.abc import Iterator

from emr.guarded import guard, guarded
from emr.step_field import parse_step
from emr.steps import Step
from runner.fields import FieldError
from runner.task import Task


def steps_of(task: Task) -> list[Step]:
    """The commands before the steps, the steps, and the commands after them. Raises FieldError."""
    steps = [
        *_commands(task, "preStepCommand"),
        *(guard(task, parse_step(task.attempt_id, text)) for text in task.strings("step")),
        *_commands(task, "postStepCommand"),
    ]
    if not steps:
        raise FieldError(task.attempt_id, "step", "it is missing, and so are the commands around steps")
    return steps


def _commands(task: Task, field: str) -> Iterator[Step]:
    for text in task.strings(field):
        yield guarded(task, 'bash -c "$1"', [text], what=field)
