"""Parameter objects and the values that they allow.

Developer Guide, Creating a Pipeline Using Parametrized Templates.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from local.datapipeline.definition import DEFAULT, Definition, Parameter

MAXIMUM_PARAMETERS = 50

_S3 = re.compile(r"s3n?://[^/]+(/.*)?", re.DOTALL | re.IGNORECASE)
_TYPES = {
    "String": re.compile(r".*", re.DOTALL),
    "Integer": re.compile(r"[+-]?\d+"),
    "Double": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"),
    "AWS::S3::ObjectKey": _S3,
}
_ATTRIBUTES = frozenset(
    {"allowedValues", "default", "description", "helpLink", "helpText", "isArray", "optional", "type"}
    | {"watermark"}
)
_MISSING = "Value is missing for this parameter"
"""The service's own words, as users have reported them (krux/hyperion, issue 390)."""


def parameter_problems(definition: Definition, *, may_lack_values: bool = False) -> dict[str, list[str]]:
    """Errors of parameters and their values, by parameter id."""
    problems: dict[str, list[str]] = defaultdict(list)
    if len(definition.parameters) > MAXIMUM_PARAMETERS:
        count = len(definition.parameters)
        problems[DEFAULT].append(f"The definition has {count} parameters; {MAXIMUM_PARAMETERS} are possible")
    ids = [parameter.id for parameter in definition.parameters]
    for parameter in definition.parameters:
        problems[parameter.id] += _declared(parameter, ids.count(parameter.id))
        problems[parameter.id] += _valued(parameter, definition.parameter(parameter.id))
    if not may_lack_values:
        for missing in definition.without_value(optional=False):
            problems[missing].append(_MISSING)
    return {id_: found for id_, found in problems.items() if found}


def parameter_doubts(definition: Definition) -> dict[str, list[str]]:
    """Warnings, by parameter id: what the user may not have meant."""
    doubts: dict[str, list[str]] = {}
    for parameter in definition.parameters:
        found = [
            f"'{attribute}' is not an attribute of a parameter"
            for attribute in dict(parameter.attributes)
            if attribute not in _ATTRIBUTES and not attribute.startswith("my")
        ]
        if len(definition.parameter(parameter.id)) > 1 and not _is_true(parameter, "isArray"):
            found.append("There are several values, and 'isArray' is not true")
        if parameter.is_optional or definition.parameter(parameter.id):
            doubts[parameter.id] = found
        else:
            doubts[parameter.id] = [*found, _MISSING]
    return {id_: found for id_, found in doubts.items() if found}


def _declared(parameter: Parameter, times: int) -> Iterator[str]:
    if times > 1:
        yield "There is more than one parameter with this id"
    if not parameter.id.removeprefix("*").startswith("my"):
        yield "The id of a parameter begins with 'my'"
    for attribute in ("isArray", "optional"):
        if any(value.lower() not in ("true", "false") for value in parameter.strings(attribute)):
            yield f"'{attribute}' is true or false"
    for attribute in ("isArray", "optional", "type"):
        if len(parameter.strings(attribute)) > 1:
            yield f"'{attribute}' is there more than once"
    for given in parameter.strings("type"):
        if _type(given) is None:
            yield f"'type' is one of {', '.join(_TYPES)}, not '{given}'"


def _valued(parameter: Parameter, values: list[str]) -> Iterator[str]:
    type_ = _type((parameter.strings("type") or ["String"])[0])
    allowed = parameter.strings("allowedValues")
    for value in values:
        if value == "":
            yield "A value is empty"
        elif "#{" in value:
            continue  # Its value is known only when it is evaluated.
        elif type_ is not None and not _TYPES[type_].fullmatch(value):
            yield f"'{value}' is not of the type {type_}"
        elif allowed and value not in allowed:
            yield f"'{value}' is not one of the allowed values {', '.join(allowed)}"


def _type(given: str) -> str | None:
    return next((known for known in _TYPES if known.lower() == given.lower()), None)


def _is_true(parameter: Parameter, attribute: str) -> bool:
    return [value.lower() for value in parameter.strings(attribute)] == ["true"]
