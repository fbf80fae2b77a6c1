"""The name of an object in a directory to which the rows of a table are copied."""

from __future__ import annotations

import hashlib
import re

from runner.task import Task

_LONGEST = 180
_TIME = re.compile(r"T(\d\d):(\d\d):(\d\d)$")


def export_name(task: Task, extension: str) -> str:
    """``Export_2026-11-24T12-04-09_df-0123456789ABC.csv``: the activity, the time of the run, the pipeline.

    All attempts of an instance have the same name, so that one that is repeated replaces what the one before
    has written; those of another pipeline of the same template have another. The name has no character that
    scripts, Hadoop or Windows do not take: ids may have any.
    """
    references = task.attempt.reference_ids("@instanceParent")
    instance = references[0] if references else re.sub(r"_Attempt=\d+$", "", task.attempt_id)
    name = instance.removeprefix("@")
    plain = re.sub(r"[^A-Za-z0-9._=-]", "-", name)
    # Hadoop passes over files that begin so; and there may be another id of which as much is left.
    plain = re.sub(r"^[._]", "-", plain)[:_LONGEST]
    if plain != _TIME.sub(r"T\1-\2-\3", name):
        plain = f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    pipeline = re.sub(r"[^A-Za-z0-9-]", "-", task.pipeline_id)
    return f"{plain}_{pipeline}.{extension}"
