"""A test kit for handlers: a task from a plain dict, and no AWS.

    response = run_handler(handler, {"command": "one two three"})
    assert response == {"status": "FINISHED"}

Not part of what is deployed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from botocore.exceptions import ClientError

from runner import clients

ATTEMPT_ID = "@Test_2026-01-01T00:00:00_Attempt=1"


@dataclass(frozen=True)
class Ref:
    """A field's value that refers to another object by its id."""

    id: str


FieldValue = str | Ref | Sequence[str | Ref]


@dataclass
class Context:
    """Lambda's context object, as far as ``@task_handler`` uses it."""

    seconds: float = 60.0
    aws_request_id: str = "test-request"

    def get_remaining_time_in_millis(self) -> int:
        """Always the same: no time passes."""
        return int(self.seconds * 1000)


@dataclass
class FakeDataPipeline:
    """The part of Data Pipeline that a handler talks to: notes what it is told, answers as it is set to."""

    canceled: bool = False
    """What ReportTaskProgress answers."""
    progress_error: str = ""
    """The error code with which ReportTaskProgress is refused, if any."""
    described: list[dict[str, Any]] = field(default_factory=list)
    """What DescribeObjects finds, as ``pipeline_object`` makes it."""
    progress: list[str] = field(default_factory=list)
    """The taskId of each progress report."""

    def report_task_progress(self, *, taskId: str) -> dict[str, bool]:  # noqa: N803 - the API's own name
        """ReportTaskProgress."""
        self.progress.append(taskId)
        if self.progress_error:
            raise ClientError({"Error": {"Code": self.progress_error}}, "ReportTaskProgress")
        return {"canceled": self.canceled}

    def get_paginator(self, operation: str) -> FakeDataPipeline:
        """DescribeObjects has pages."""
        assert operation == "describe_objects"  # noqa: S101
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        """The one page of DescribeObjects."""
        ids = request["objectIds"]
        yield {"pipelineObjects": [one for one in self.described if one["id"] in ids]}

    def evaluate_expression(self, **request: str) -> dict[str, str]:
        """EvaluateExpression, which evaluates nothing here."""
        return {"evaluatedExpression": f"{request['objectId']}: {request['expression']}"}


def pipeline_object(object_id: str, fields: Mapping[str, FieldValue]) -> dict[str, Any]:
    """An object as the API has it; the value of a list field is a list."""
    return {"id": object_id, "name": object_id, "fields": list(_fields(fields))}


def task_event(
    fields: Mapping[str, FieldValue],
    *,
    objects: Mapping[str, Mapping[str, FieldValue]] | None = None,
    state: Any = None,
    canceled: bool = False,
) -> dict[str, Any]:
    """A handler's event: the attempt has ``fields``, the task brings ``objects`` beside it."""
    fields = {"type": "ShellCommandActivity", **fields}
    route = fields.get("myHandler", fields["type"])
    return {
        "task": {
            "taskId": "test-task",
            "pipelineId": "df-TEST",
            "attemptId": ATTEMPT_ID,
            "workerGroup": "test",
            "type": fields["type"],
            "route": route,
            "receivedAt": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "objects": {
                object_id: pipeline_object(object_id, values)
                for object_id, values in {ATTEMPT_ID: fields, **(objects or {})}.items()
            },
        },
        "state": state,
        "canceled": canceled,
    }


def run_handler(
    handler: Callable[[dict[str, Any], Any], Any],
    fields: Mapping[str, FieldValue],
    *,
    objects: Mapping[str, Mapping[str, FieldValue]] | None = None,
    state: Any = None,
    canceled: bool = False,
    seconds: float = 60.0,
    service: FakeDataPipeline | None = None,
) -> dict[str, Any]:
    """Call a handler with one task, and return what it tells RunTask.

    ``fields`` are the attempt's: strings, ``Ref``\\ s, or lists of them; a key with ``*`` is a secret.
    ``objects`` are the objects that it refers to, by id. ``state`` and ``canceled`` are those of a deferred
    call. ``seconds`` is Lambda's timeout. ``service`` stands for Data Pipeline: give one to cancel the
    task, or to see what was reported.
    """
    fake = service or FakeDataPipeline()
    event = task_event(fields, objects=objects, state=state, canceled=canceled)
    unset = {"POWERTOOLS_SERVICE_NAME": "test", "POWERTOOLS_METRICS_NAMESPACE": "test"}
    environment = {key: value for key, value in unset.items() if key not in os.environ}
    with mock.patch.dict(os.environ, environment), mock.patch.object(clients, "data_pipeline") as client:
        client.return_value = fake
        response: dict[str, Any] = handler(event, Context(seconds))
    return response


def _fields(fields: Mapping[str, FieldValue]) -> Iterator[dict[str, str]]:
    for key, value in fields.items():
        for one in [value] if isinstance(value, str | Ref) else value:
            yield (
                {"key": key, "refValue": one.id} if isinstance(one, Ref) else {"key": key, "stringValue": one}
            )
