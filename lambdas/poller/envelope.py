"""The envelope: RunTask's input, made from PollForTask's answer.

``{version, taskId, pipelineId, attemptId, workerGroup, type, route, receivedAt, objects}`` and, if needed,
``objectsUri`` (the full objects, in the claims bucket) and ``refusal`` (why the task cannot be handled).
Step Functions keeps the envelope in its history, so it holds no secrets and at most 200 KB.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from runner import versions
from runner.fields import PipelineObject
from runner.outcome import safe_text

MAX_INLINE_BYTES = 200_000
"""Step Functions takes up to 262,144 bytes of input (Step Functions quotas). The rest is headroom."""

_SMALL_FIELD = 1_000

_LONGEST_ID = 1_024
"""Longest id of a pipeline or attempt, and longest type (service model: 1,024 characters)."""


@dataclass(frozen=True)
class Received:
    """A task's envelope, and the objects to store for it in the claims bucket, if any."""

    envelope: dict[str, Any]
    claim: dict[str, Any] | None

    def with_claim(self, uri: str) -> dict[str, Any]:
        """The envelope with the URI of the full objects, ``s3://bucket/key``."""
        return {**self.envelope, "objectsUri": uri}


def receive(task_object: Mapping[str, Any], *, worker_group: str, received_at: datetime) -> Received:
    """Make a task's envelope.

    ``task_object`` is PollForTask's ``taskObject``. It has a ``taskId``; everything else may be missing.
    RunTask decides whether the route has a handler, since it may be deployed while this poll is held.
    """
    raw = task_object.get("objects")
    objects: dict[str, Any] = dict(raw) if isinstance(raw, Mapping) else {}
    attempt_id = str(task_object.get("attemptId") or "")
    attempt = PipelineObject.from_api(objects.get(attempt_id))
    handler = next(iter(attempt.string_fields.get("myHandler", ())), "")
    envelope: dict[str, Any] = {
        "version": versions.ENVELOPE,
        "taskId": task_object["taskId"],
        "pipelineId": str(task_object.get("pipelineId") or ""),
        "attemptId": attempt_id,
        "workerGroup": worker_group,
        "type": _cleaned(attempt.type),
        "route": handler or attempt.type,
        "receivedAt": received_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    refusal = _refusal(envelope, objects, attempt)
    if refusal:
        # A refused task runs nothing, so it needs no objects.
        cleaned = {key: _cleaned(envelope[key]) for key in ("pipelineId", "attemptId", "route")}
        return Received({**envelope, **cleaned, "objects": {}, "refusal": _shortened(refusal)}, claim=None)

    inline, redacted = without_secrets(objects)
    if not _is_text(inline):
        return Received({**envelope, "objects": {}}, claim=objects)
    if _size({**envelope, "objects": inline}) > MAX_INLINE_BYTES:
        small = {attempt_id: _small(inline[attempt_id])}
        fits = _size({**envelope, "objects": small}) <= MAX_INLINE_BYTES
        return Received({**envelope, "objects": small if fits else {}}, claim=objects)
    return Received({**envelope, "objects": inline}, claim=objects if redacted else None)


def execution_name(envelope: Mapping[str, Any], *, poll_id: str) -> str:
    """RunTask's execution name: ``<object>-<worker group>-<task>``, in at most 80 safe characters.

    ``poll_id`` identifies the poll that brought the task. So a retried StartExecution uses the same name, and
    a task that is offered again gets a new name even under the same taskId.
    """
    readable = re.sub(r"_\d{4}-\d{2}-\d{2}T.*$", "", str(envelope["attemptId"]).lstrip("@"))
    slug = re.sub(r"[^A-Za-z0-9]+", "-", readable).strip("-")[:30] or "task"
    task = hashlib.sha256(f"{envelope['taskId']}\n{poll_id}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"{slug}-{worker_group_digest(str(envelope['workerGroup']))}-{task[:24]}"


def worker_group_digest(worker_group: str) -> str:
    """The eight characters that identify a worker group in an execution's name."""
    return hashlib.sha256(worker_group.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def belongs_to(name: str, worker_group: str) -> bool:
    """Whether the execution with this name runs a task of the worker group."""
    parts = name.rsplit("-", 2)
    return len(parts) == 3 and parts[1] == worker_group_digest(worker_group)


def without_secrets(objects: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """``objects`` without fields whose key starts with ``*``, and whether there were any.

    Data Pipeline encrypts such fields in transit (developer guide, special characters), and may hand them to
    a runner in clear text.
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
            if _cleaned(texts[key]) != texts[key]:
                problem = f"its {key} is longer than {_LONGEST_ID:,} characters, or is not text"
    if problem:
        return {"errorId": "MalformedTask", "errorMessage": f"The task cannot be run: {problem}."}
    return None


def _shortened(refusal: dict[str, str]) -> dict[str, str]:
    return {key: safe_text(text[:4_000]) for key, text in refusal.items()}


def _cleaned(text: str) -> str:
    """``text``, bounded, and without characters that JSON or AWS cannot hold."""
    return safe_text(text[:_LONGEST_ID])


def _is_text(value: Any) -> bool:
    """Whether ``value`` can be written as UTF-8. Lone surrogates cannot."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _small(data: Any) -> dict[str, Any]:
    fields = [field for field in data["fields"] if len(json.dumps(field)) <= _SMALL_FIELD]
    return {"id": data.get("id"), "name": data.get("name"), "fields": fields}


def _size(value: Any) -> int:
    """The most bytes that ``value`` can take as JSON, however non-ASCII characters are written."""
    return len(json.dumps(value))
