"""Validates requests against botocore's model of the service: required members, types, lengths, values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.model import OperationModel

from local.datapipeline.errors import (
    ConstraintViolationError,
    InvalidRequestError,
    SerializationError,
    UnknownOperationError,
)
from local.json_service import ServiceError, service_model

# The model's character class for ids and strings, rewritten because Python's re cannot read the original.
_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# The API Reference documents this limit, the model a lower one (1,024). The higher one applies here.
_STACK_TRACE = 4095


def operations() -> list[str]:
    """The names of the model's operations."""
    return list(service_model("datapipeline").operation_names)


def check(operation: str, request: object, *, constraint_error: str) -> dict[str, Any]:
    """The request, if the model allows it.

    Raises UnknownOperationError, SerializationError for a member of the wrong type, and for anything else the
    error that ``constraint_error`` names.
    """
    if operation not in operations():
        raise UnknownOperationError(f"There is no operation '{operation}'.")
    model: OperationModel = service_model("datapipeline").operation_model(operation)
    if not isinstance(request, dict):
        raise SerializationError("The request is not a JSON object.")
    problems: list[str] = []
    if model.input_shape is not None:
        _structure(model.input_shape, request, "", problems)
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
        kind: type[ServiceError] = (
            ConstraintViolationError if constraint_error == "ValidationException" else InvalidRequestError
        )
        raise kind(count + "; ".join(problems))
    return request


def _check(shape: Any, value: Any, path: str, problems: list[str]) -> None:
    kind = shape.type_name
    if kind == "structure":
        _need(isinstance(value, Mapping), path, "an object")
        _structure(shape, value, f"{path}.", problems)
    elif kind == "list":
        _need(isinstance(value, list), path, "a list")
        _length(shape, value, path, problems)
        for number, item in enumerate(value, 1):
            _check(shape.member, item, f"{path}.{number}.member", problems)
    elif kind == "boolean":
        _need(isinstance(value, bool), path, "a boolean")
    elif kind in ("integer", "timestamp"):
        _need(isinstance(value, int | float) and not isinstance(value, bool), path, "a number")
    else:
        _need(isinstance(value, str), path, "a string")
        _string(shape, value, path, problems)


def _structure(shape: Any, value: Mapping[str, Any], prefix: str, problems: list[str]) -> None:
    for name in shape.required_members:
        if value.get(name) is None:
            where = f"Value null at '{prefix}{name}' failed to satisfy constraint: "
            problems.append(where + "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            _check(member, value[name], prefix + name, problems)


def _string(shape: Any, value: str, path: str, problems: list[str]) -> None:
    if path == "errorStackTrace":
        if len(value) > _STACK_TRACE:
            problems.append(_failed(path, f"Member must have length less than or equal to {_STACK_TRACE}"))
    else:
        _length(shape, value, path, problems)
    if shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        problems.append(_failed(path, f"Member must satisfy enum value set: [{allowed}]"))
    if "pattern" in shape.metadata and _REFUSED.search(value):
        problems.append(_failed(path, "Member must satisfy regular expression pattern (control characters)"))


def _length(shape: Any, value: str | list[Any], path: str, problems: list[str]) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and len(value) < least:
        problems.append(_failed(path, f"Member must have length greater than or equal to {least}"))
    if most is not None and len(value) > most:
        problems.append(_failed(path, f"Member must have length less than or equal to {most}"))


def _failed(path: str, constraint: str) -> str:
    return f"Value at '{path}' failed to satisfy constraint: {constraint}"


def _need(holds: bool, path: str, what: str) -> None:
    if not holds:
        raise SerializationError(f"'{path}' is not {what}.")
