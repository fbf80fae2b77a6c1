"""The envelope: RunTask's input, made of what PollForTask returned.

``{taskId, pipelineId, attemptId, workerGroup, type, route, receivedAt, objects}`` and, where they apply,
``objectsUri`` (the full objects, in the claims bucket) and ``refusal`` (why the task cannot be handled).
Step Functions keeps the envelope in its history, so no secret and no more than 200 KB may be in it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from runner.fields import PipelineObject
from runner.outcome import safe_text

MAX_INLINE_BYTES = 200_000
"""Step Functions' own limit is 262,144 bytes of input (Step Functions quotas); the rest is room."""

_SMALL_FIELD = 1_000

_LONGEST_ID = 1_024
"""Of a pipeline, an attempt or a type (service model: 1,024 characters); nothing longer goes into a state."""


@dataclass(frozen=True)
class Received:
    """A task as it goes to RunTask, and the objects that have to be put aside for it, if any."""

    envelope: dict[str, Any]
    claim: dict[str, Any] | None

    def with_claim(self, uri: str) -> dict[str, Any]:
        """The envelope that says where the full objects are: ``s3://bucket/key``."""
        return {**self.envelope, "objectsUri": uri}


def receive(task_object: Mapping[str, Any], *, worker_group: str, received_at: datetime) -> Received:
    """Make the envelope of a task.

    ``task_object`` is PollForTask's ``taskObject`` with a ``taskId``; anything else in it may be missing.
    Whether its route has a handler is for RunTask to say, which may have been deployed after this poll began.
    """
    raw = task_object.get("objects")
    objects: dict[str, Any] = dict(raw) if isinstance(raw, Mapping) else {}
    attempt_id = str(task_object.get("attemptId") or "")
    attempt = PipelineObject.from_api(objects.get(attempt_id))
    handler = next(iter(attempt.string_fields.get("myHandler", ())), "")
    envelope: dict[str, Any] = {
        "taskId": task_object["taskId"],
        "pipelineId": str(task_object.get("pipelineId") or ""),
        "attemptId": attempt_id,
        "workerGroup": worker_group,
        "type": _told(attempt.type),
        "route": handler or attempt.type,
        "receivedAt": received_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    refusal = _refusal(envelope, objects, attempt)
    if refusal:
        # A refused task runs nothing, so nothing of its objects has to travel.
        told = {key: _told(envelope[key]) for key in ("pipelineId", "attemptId", "route")}
        return Received({**envelope, **told, "objects": {}, "refusal": _shortened(refusal)}, claim=None)

    inline, redacted = without_secrets(objects)
    if not _is_text(inline):
        return Received({**envelope, "objects": {}}, claim=objects)
    if _size({**envelope, "objects": inline}) > MAX_INLINE_BYTES:
        small = {attempt_id: _small(inline[attempt_id])}
        fits = _size({**envelope, "objects": small}) <= MAX_INLINE_BYTES
        return Received({**envelope, "objects": small if fits else {}}, claim=objects)
    return Received({**envelope, "objects": inline}, claim=objects if redacted else None)


def execution_name(envelope: Mapping[str, Any], *, poll_id: str) -> str:
    """RunTask's execution name: ``<object>-<worker group>-<task>``, each safe for a name of 80 characters.

    ``poll_id`` names the poll that brought the task, so that a retried StartExecution gives the same name
    and a task that is offered again, be it under the same taskId, a new one.
    """
    readable = re.sub(r"_\d{4}-\d{2}-\d{2}T.*$", "", str(envelope["attemptId"]).lstrip("@"))
    slug = re.sub(r"[^A-Za-z0-9]+", "-", readable).strip("-")[:30] or "task"
    task = hashlib.sha256(f"{envelope['taskId']}\n{poll_id}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"{slug}-{worker_group_digest(str(envelope['workerGroup']))}-{task[:24]}"


def worker_group_digest(worker_group: str) -> str:
    """Eight characters that stand for a worker group in an execution's name."""
    return hashlib.sha256(worker_group.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def belongs_to(name: str, worker_group: str) -> bool:
    """Whether an execution of this name runs a task of the worker group."""
    parts = name.rsplit("-", 2)
    return len(parts) == 3 and parts[1] == worker_group_digest(worker_group)


def without_secrets(objects: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """``objects`` without the fields whose key starts with ``*``, and whether there was one.

    Data Pipeline encrypts such fields in transit (developer guide, special characters), and a runner
    may be given them in the clear.
    """
    found = False
    kept: dict[str, Any] = {}
    for object_id, data in objects.items():
        if not isinstance(data, Mapping) or not isinstance(data.get("fields"), list):
            kept[object_id] = data
            continue
        fields = [field for field in data["fields"] if not _is_secret(field)]
        found = found or len(fields) < len(data["fields"])
        kept[object_id] = {**data, "fields": fields}
    return kept, found


def _is_secret(field: Any) -> bool:
    return isinstance(field, Mapping) and str(field.get("key", "")).startswith("*")


def _refusal(
    envelope: Mapping[str, Any], objects: Mapping[str, Any], attempt: PipelineObject
) -> dict[str, str] | None:
    problem = ""
    if not envelope["attemptId"]:
        problem = "the task has no attemptId"
    elif not objects:
        problem = "the task has no objects"
    elif envelope["attemptId"] not in objects:
        problem = f"the task's objects do not hold the attempt '{envelope['attemptId']}'"
    elif not attempt.type:
        problem = f"the attempt '{envelope['attemptId']}' has no field 'type'"
    elif not envelope["pipelineId"]:
        problem = "the task has no pipelineId"
    elif attempt.reference_fields.get("myHandler"):
        problem = (
            f"myHandler of the attempt '{envelope['attemptId']}' is a reference, and the name of a handler "
            "is expected: write it as a string"
        )
    else:
        texts = {**envelope, "type or myHandler": envelope["route"]}
        for key in ("pipelineId", "attemptId", "type or myHandler"):
            if _told(texts[key]) != texts[key]:
                problem = f"its {key} is longer than {_LONGEST_ID:,} characters, or is not text"
    if problem:
        return {"errorId": "MalformedTask", "errorMessage": f"The task cannot be run: {problem}."}
    return None


def _shortened(refusal: dict[str, str]) -> dict[str, str]:
    return {key: safe_text(text[:4_000]) for key, text in refusal.items()}


def _told(text: str) -> str:
    return safe_text(text[:_LONGEST_ID])


def _is_text(value: Any) -> bool:
    """Whether ``value`` can be written as UTF-8, which lone surrogates cannot."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _small(data: Any) -> dict[str, Any]:
    fields = [field for field in data["fields"] if len(json.dumps(field)) <= _SMALL_FIELD]
    return {"id": data.get("id"), "name": data.get("name"), "fields": fields}


def _size(value: Any) -> int:
    """The most bytes that ``value`` can take as JSON, whichever way non-ASCII characters are written."""
    return len(json.dumps(value))
