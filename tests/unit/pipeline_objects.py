"""Makes tasks as PollForTask returns them."""

from __future__ import annotations

from typing import Any

ATTEMPT_ID = "@Load_2024-05-01T00:00:00_Attempt=1"


def pipeline_object(object_id: str, *fields: tuple[str, str], **more: str) -> dict[str, Any]:
    """An object with string fields; a value that starts with ``ref:`` is a reference."""
    listed = [
        {"key": key, "refValue": value[4:]}
        if value.startswith("ref:")
        else {"key": key, "stringValue": value}
        for key, value in (*fields, *more.items())
    ]
    return {"id": object_id, "name": object_id, "fields": listed}


def task_object(*fields: tuple[str, str], **more: str) -> dict[str, Any]:
    """PollForTask's ``taskObject`` with one object, the attempt."""
    more.setdefault("type", "ShellCommandActivity")
    return {
        "taskId": "AbC+/=:1",
        "pipelineId": "df-0123456789ABCDEFGHIJ",
        "attemptId": ATTEMPT_ID,
        "objects": {ATTEMPT_ID: pipeline_object(ATTEMPT_ID, *fields, **more)},
    }
