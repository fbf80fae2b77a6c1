"""The name of the object for the rows of a table, in the target's directory."""

from __future__ import annotations

import hashlib
import re

from runner.task import Task

_LONGEST = 180
_TIME = re.compile(r"T(\d\d):(\d\d):(\d\d)$")


def export_name(task: Task, extension: str) -> str:
    """``Export_2026-11-24T12-04-09_df-0123456789ABC.csv``: the activity, the time of the run, the pipeline.

    All attempts of an instance use the same name, so a retry replaces what the attempt before it wrote. Other
    pipelines from the same template use other names. Ids may contain any character; the name contains none
    that scripts, Hadoop or Windows do not accept.
    """
    name = task.instance_id.removeprefix("@")
    plain = re.sub(r"[^A-Za-z0-9._=-]", "-", name)
    # Hadoop ignores files that start with these characters.
    plain = re.sub(r"^[._]", "-", plain)[:_LONGEST]
    # Another id may have the same remainder.
    if plain != _TIME.sub(r"T\1-\2-\3", name):
        plain = f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    pipeline = re.sub(r"[^A-Za-z0-9-]", "-", task.pipeline_id)
    return f"{plain}_{pipeline}.{extension}"
