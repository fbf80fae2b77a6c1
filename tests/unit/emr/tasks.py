"""Tasks from plain dicts, as a handler gets them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from emr.steps import Step
from runner.handler import open_task
from runner.task import Task
from runner.testing import FieldValue, task_event

Objects = Mapping[str, Mapping[str, FieldValue]]


def task_of(
    fields: Mapping[str, FieldValue],
    objects: Objects | None = None,
    *,
    state: Any = None,
    canceled: bool = False,
) -> Task:
    """A task whose attempt has ``fields``."""
    event = task_event(fields, objects=objects, state=state, canceled=canceled)
    return open_task(event, seconds_left=lambda: 60.0)


def words_of(step: Step) -> list[str]:
    """The words of a guarded step, after its program, its name and its tag."""
    return [
        word[1:] if word[0] == "=" else base64.b64decode(word[1:]).decode() for word in step.arguments[5:]
    ]
