"""Checks requests against botocore's model of Amazon ECS."""

from __future__ import annotations

from typing import Any

from botocore.validate import ParamValidator

from local.ecs.errors import InvalidParameterError
from local.json_service import service_model

TARGET = "AmazonEC2ContainerServiceV20141113."
OPERATIONS = ("RunTask", "StopTask", "DescribeTasks", "ListTasks")
"""The operations that this package serves. ministack serves the others."""


def check(operation: str, request: object) -> dict[str, Any]:
    """The request, if the model allows it. Raises InvalidParameterError."""
    shape = service_model("ecs").operation_model(operation).input_shape
    assert shape is not None  # noqa: S101 - all these operations have members
    if not isinstance(request, dict):
        raise InvalidParameterError("The request is not a JSON object.")
    problems = ParamValidator().validate(request, shape)
    if problems.has_errors():
        raise InvalidParameterError(problems.generate_report())
    return request
