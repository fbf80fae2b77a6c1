"""A test kit for handlers: makes a task from a plain dict, without AWS.

    response = run_handler(handler, {"command": "one two three"})
    assert response == {"status": "FINISHED"}

It is not deployed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from botocore.exceptions import ClientError

from runner import clients, versions

ATTEMPT_ID = "@Test_2026-01-01T00:00:00_Attempt=1"


@dataclass(frozen=True)
class Ref:
    """A field's value that refers to another object by id."""

    id: str


FieldValue = str | Ref | Sequence[str | Ref]


@dataclass
class Context:
    """The part of Lambda's context object that ``@task_handler`` uses."""

    seconds: float = 60.0
    aws_request_id: str = "test-request"

    def get_remaining_time_in_millis(self) -> int:
        """Always the same, as if no time passed."""
        return int(self.seconds * 1000)


@dataclass
class FakeDataPipeline:
    """The part of Data Pipeline that a handler uses. It records requests, and answers as configured."""

    canceled: bool = False
    """The answer of ReportTaskProgress."""
    progress_error: str = ""
    """The error code of ReportTaskProgress; empty if it succeeds."""
    described: list[dict[str, Any]] = field(default_factory=list)
    """The objects that DescribeObjects finds, as made by ``pipeline_object``."""
    progress: list[str] = field(default_factory=list)
    """The taskId of each progress report."""

    def report_task_progress(self, *, taskId: str) -> dict[str, bool]:  # noqa: N803 - the API's own name
        """ReportTaskProgress."""
        self.progress.append(taskId)
        if self.progress_error:
            raise ClientError({"Error": {"Code": self.progress_error}}, "ReportTaskProgress")
        return {"canceled": self.canceled}

    def get_paginator(self, operation: str) -> FakeDataPipeline:
        """The paginator of DescribeObjects."""
        assert operation == "describe_objects"  # noqa: S101
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        """The only page of DescribeObjects."""
        ids = request["objectIds"]
        yield {"pipelineObjects": [found for found in self.described if found["id"] in ids]}

    def evaluate_expression(self, **request: str) -> dict[str, str]:
        """EvaluateExpression, which evaluates nothing."""
        return {"evaluatedExpression": f"{request['objectId']}: {request['expression']}"}


def pipeline_object(object_id: str, fields: Mapping[str, FieldValue]) -> dict[str, Any]:
    """An object in the API's form. The value of a list field is a list."""
    return {"id": object_id, "name": object_id, "fields": list(_fields(fields))}


def task_event(
    fields: Mapping[str, FieldValue],
    *,
    objects: Mapping[str, Mapping[str, FieldValue]] | None = None,
    state: Any = None,
    canceled: bool = False,
) -> dict[str, Any]:
    """A handler's event. The attempt has ``fields``; the task contains ``objects`` besides it."""
    fields = {"type": "ShellCommandActivity", **fields}
    route = fields.get("myHandler", fields["type"])
    return {
        "task": {
            "version": versions.ENVELOPE,
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
    """Call a handler with a task, and return its response to RunTask.

    ``fields`` are the attempt's: strings, ``Ref``\\ s, or lists of them; a key that starts with ``*`` is a
    secret. ``objects`` are the objects that they refer to, by id. ``state`` and ``canceled`` are those of a
    deferred call. ``seconds`` is Lambda's timeout. ``service`` stands for Data Pipeline: pass one to cancel
    the task, or to see what was reported.
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
        for item in [value] if isinstance(value, str | Ref) else value:
            yield (
                {"key": key, "refValue": item.id}
                if isinstance(item, Ref)
                else {"key": key, "stringValue": item}
            )
