"""``scriptVariable``: ``NAME=value``, one a field, for Hive and for Pig."""

from __future__ import annotations

import re

from runner.fields import FieldError
from runner.task import Task

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def script_variables(task: Task) -> list[tuple[str, str]]:
    """The names and values. Raises FieldError."""
    found = []
    for given in task.strings("scriptVariable"):
        name, equals, value = given.partition("=")
        name = name.strip()
        if not equals or not _NAME.fullmatch(name):
            problem = f"NAME=value is expected, with letters, digits and _ in NAME, but it is {given!r}"
            raise FieldError(task.attempt_id, "scriptVariable", problem)
        found.append((name, value))
    return found
