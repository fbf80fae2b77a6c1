"""AWS::DataPipeline::Pipeline in CloudFormation templates, whose functions are evaluated if they can be.

CloudFormation user guide, AWS::DataPipeline::Pipeline and Intrinsic function reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.reading.objects import DefinitionReader
from pipelines.reading.source import Source, UnreadableError, stand_in

TYPE = "AWS::DataPipeline::Pipeline"
_MEMBERS = {
    "PipelineObjects": "pipelineObjects",
    "ParameterObjects": "parameterObjects",
    "ParameterValues": "parameterValues",
}
_PSEUDO = {
    "AWS::AccountId": "111122223333",
    "AWS::Region": "us-east-1",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
"""What stands for values that every deployment has. AWS's documentation uses this account."""
_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")
_DEPTH = 40


def is_template(document: Mapping[str, Any]) -> bool:
    """Whether this is a template."""
    return isinstance(document.get("Resources"), Mapping)


def read_template(name: str, document: Mapping[str, Any]) -> Iterator[Source]:
    """The pipelines of a template. Raises UnreadableError if it has none."""
    found = [
        (logical_id, resource.get("Properties") or {})
        for logical_id, resource in document["Resources"].items()
        if isinstance(resource, Mapping) and resource.get("Type") == TYPE
    ]
    if not found:
        raise UnreadableError(f"a CloudFormation template without a resource of the type {TYPE}")
    for logical_id, properties in found:
        values = _Values(document)
        given = values.resolved(properties)
        if not isinstance(given, Mapping):
            raise UnreadableError(f"the properties of '{logical_id}' are not known before the deployment")
        members = {ours: given.get(theirs) for theirs, ours in _MEMBERS.items()}
        reader = DefinitionReader()
        source = reader.api(f"{name}#{logical_id}", {key: _lowered(value) for key, value in members.items()})
        yield Source(source.name, source.definition, source.problems, unknown=values.unknown)


def _lowered(value: Any) -> Any:
    """The API's members start with lower-case letters. CloudFormation makes text of numbers and booleans."""
    if isinstance(value, Mapping):
        return {name[:1].lower() + name[1:]: _lowered(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_lowered(each) for each in value]
    return (
        str(value).lower()
        if isinstance(value, bool)
        else str(value)
        if isinstance(value, int | float)
        else value
    )


class _Values:
    """Evaluates a template's functions. ``unknown`` collects what only a deployment knows."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._parameters = _mapping(template.get("Parameters"))
        self._mappings = _mapping(template.get("Mappings"))
        self._resources = template["Resources"]
        self.unknown: dict[str, str] = {}

    def resolved(self, value: Any, depth: int = 0) -> Any:
        if depth > _DEPTH:
            raise UnreadableError("not a definition: it is nested too deeply")
        if isinstance(value, list):
            return [self.resolved(each, depth + 1) for each in value if not _is_no_value(each)]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((function, given),) = value.items()
            if function == "Ref":
                return self._ref(str(given))
            if isinstance(function, str) and function.startswith("Fn::"):
                return self._call(function, given, depth + 1)
        return {
            str(key): self.resolved(each, depth + 1) for key, each in value.items() if not _is_no_value(each)
        }

    def _ref(self, name: str) -> Any:
        if name in _PSEUDO:
            return _PSEUDO[name]
        parameter = self._parameters.get(name)
        if isinstance(parameter, Mapping) and "Default" in parameter:
            return str(parameter["Default"])
        resource = self._resources.get(name)
        if isinstance(resource, Mapping):
            # A bucket or a database is often named in its own properties.
            properties = resource.get("Properties")
            named = properties.get("BucketName") if isinstance(properties, Mapping) else None
            if isinstance(named, str):
                return named
        return self._unknown(name, f"the template's {name}")

    def _call(self, function: str, given: Any, depth: int) -> Any:
        if function == "Fn::Sub":
            return self._sub(given, depth)
        if function == "Fn::If" and isinstance(given, list) and len(given) == 3:
            # Either may be what is deployed: the first that is something.
            chosen = given[2] if _is_no_value(given[1]) else given[1]
            return self.resolved(chosen, depth)
        arguments = self.resolved(given, depth)
        if function == "Fn::Join" and _is_pair(arguments) and isinstance(arguments[1], list):
            return str(arguments[0]).join(map(str, arguments[1]))
        if function == "Fn::Select" and _is_pair(arguments) and isinstance(arguments[1], list):
            index = int(arguments[0]) if str(arguments[0]).isdecimal() else 0
            return arguments[1][index] if index < len(arguments[1]) else ""
        if function == "Fn::Split" and _is_pair(arguments):
            return str(arguments[1]).split(str(arguments[0]))
        if function == "Fn::Base64":
            return arguments
        if function == "Fn::FindInMap" and isinstance(arguments, list) and len(arguments) >= 3:
            found: Any = self._mappings
            for key in arguments[:3]:
                found = found.get(str(key)) if isinstance(found, Mapping) else None
            if found is not None:
                return found
        name = ".".join(map(str, arguments)) if isinstance(arguments, list) else str(arguments)
        return self._unknown(name, f"the template's {function} {name}")

    def _sub(self, given: Any, depth: int) -> str:
        text, names = (given[0], given[1]) if _is_pair(given) else (given, {})
        own = self.resolved(names, depth) if isinstance(names, Mapping) else {}

        def value(match: re.Match[str]) -> str:
            if match[1]:
                return f"${{{match[2]}}}"
            name = match[2].strip()
            if name in own:
                return str(own[name])
            return str(self._unknown(name, f"the template's {name}") if "." in name else self._ref(name))

        return _VARIABLE.sub(value, str(text))

    def _unknown(self, name: str, what: str) -> str:
        text = stand_in(name)
        self.unknown[text] = what
        return text


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2


def _is_no_value(value: Any) -> bool:
    return isinstance(value, Mapping) and dict(value) == {"Ref": "AWS::NoValue"}
