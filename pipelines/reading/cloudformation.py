"""AWS::DataPipeline::Pipeline in CloudFormation templates, whose functions are evaluated if they can be.

CloudFormation user guide, AWS::DataPipeline::Pipeline and Intrinsic function reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pipelines.reading.objects import DefinitionReader
from pipelines.reading.source import Source, UnreadableError, Variant, stand_in

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
_MOST_CONDITIONS = 8
"""A template with more of them in a pipeline is looked at for the first ones."""
_NOTHING = object()
"""What AWS::NoValue leaves."""


def is_template(document: Mapping[str, Any]) -> bool:
    """Whether this is a template."""
    return isinstance(document.get("Resources"), Mapping)


def read_template(name: str, document: Mapping[str, Any]) -> Iterator[Source | UnreadableError]:
    """The pipelines of a template, or why one cannot be read. Raises UnreadableError if it has none."""
    found = [
        (logical_id, resource.get("Properties") or {})
        for logical_id, resource in document["Resources"].items()
        if isinstance(resource, Mapping) and resource.get("Type") == TYPE
    ]
    if not found:
        raise UnreadableError(f"a CloudFormation template without a resource of the type {TYPE}")
    for logical_id, properties in found:
        try:
            yield _with_variants(f"{name}#{logical_id}", document, properties)
        except UnreadableError as error:
            yield UnreadableError(f"the pipeline '{logical_id}': {error}")


def _with_variants(name: str, document: Mapping[str, Any], properties: Any) -> Source:
    """The pipeline if all conditions hold; and, as variants, if one of them, or none, does not."""
    source, conditions = _read(name, document, properties, frozenset())
    unknown = dict(source.unknown)
    variants: list[Variant] = []
    known = sorted(conditions)
    for condition in known:
        if len(variants) == _MOST_CONDITIONS:
            break
        variant, more = _read(name, document, properties, frozenset({condition}))
        unknown |= variant.unknown
        known += sorted(more - set(known))  # Those in the branch that is taken only now.
        variants.append(Variant(f"if the condition '{condition}' does not hold", variant.definition))
    if len(known) > 1:
        variant, _ = _read(name, document, properties, frozenset(known))
        unknown |= variant.unknown
        shown = ", ".join(f"'{condition}'" for condition in known)
        variants.append(Variant(f"if none of the conditions {shown} holds", variant.definition))
    return replace(source, unknown=unknown, variants=tuple(variants))


def _read(
    name: str, document: Mapping[str, Any], properties: Any, false: frozenset[str]
) -> tuple[Source, set[str]]:
    """The pipeline if these conditions do not hold and all others do, and the names of all that it met."""
    values = _Values(document, false)
    given = values.resolved(properties)
    if not isinstance(given, Mapping):
        raise UnreadableError("its properties are not known before the deployment")
    members = {}
    for theirs, ours in _MEMBERS.items():
        value = given.get(theirs)
        if isinstance(value, str):
            raise UnreadableError(
                f"its {theirs} are {values.unknown.get(value, 'a text')}: "
                "check what the deployment puts there, by --pipeline"
            )
        members[ours] = _lowered(value)
    source = DefinitionReader().api(name, members)
    return Source(source.name, source.definition, source.problems, unknown=values.unknown), values.conditions


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


_STORED = "AWS::SSM::Parameter::Value<"
"""Types of parameters whose default is a name in Systems Manager, not the value."""
_DYNAMIC = re.compile(r"\{\{resolve:([^{}]+)\}\}")
"""CloudFormation user guide, "Dynamic references"."""


class _Values:
    """Evaluates a template's functions. ``unknown`` collects what only a deployment knows."""

    def __init__(self, template: Mapping[str, Any], false: frozenset[str]) -> None:
        self._false = false
        self.conditions: set[str] = set()
        self._parameters = _mapping(template.get("Parameters"))
        self._mappings = _mapping(template.get("Mappings"))
        self._resources = template["Resources"]
        self.unknown: dict[str, str] = {}

    def resolved(self, value: Any, depth: int = 0) -> Any:
        if depth > _DEPTH:
            raise UnreadableError("not a definition: it is nested too deeply")
        if isinstance(value, list):
            found = [self.resolved(each, depth + 1) for each in value]
            return [each for each in found if each is not _NOTHING]
        if isinstance(value, str):
            return self._text(value)
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((function, given),) = value.items()
            if function == "Ref":
                return self._ref(str(given))
            if isinstance(function, str) and function.startswith("Fn::"):
                return self._call(function, given, depth + 1)
        members = {str(key): self.resolved(each, depth + 1) for key, each in value.items()}
        return {key: each for key, each in members.items() if each is not _NOTHING}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        if name in _PSEUDO:
            return _PSEUDO[name]
        parameter = self._parameters.get(name)
        if isinstance(parameter, Mapping) and str(parameter.get("Type", "")).startswith(_STORED):
            return self._unknown(name, f"the value of the stored parameter {name}")
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
            condition = str(given[0])
            self.conditions.add(condition)
            return self.resolved(given[2 if condition in self._false else 1], depth)
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
            found = self._unknown(name, f"the template's {name}") if "." in name else self._ref(name)
            return "" if found is _NOTHING else str(found)

        return self._text(_VARIABLE.sub(value, str(text)))

    def _text(self, text: str) -> str:
        return _DYNAMIC.sub(lambda found: self._unknown(found[1], f"the value of {found[0]}"), text)

    def _unknown(self, name: str, what: str) -> str:
        text = stand_in(name)
        self.unknown[text] = what
        return text


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2
