"""A pipeline definition: components with inheritance, and parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from local.datapipeline.expressions.syntax import names_used, parse
from local.datapipeline.objects import Field, PipelineObject, keys

DEFAULT = "Default"
_NOT_INHERITED = frozenset({"parent"})


@dataclass(frozen=True)
class Parameter:
    """A parameter object: its id and attributes (type, description, default, …)."""

    id: str
    attributes: tuple[tuple[str, str], ...]

    def strings(self, attribute: str) -> list[str]:
        return [value for key, value in self.attributes if key == attribute]

    def defaults(self) -> list[str]:
        return self.strings("default")

    @property
    def is_optional(self) -> bool:
        """Developer Guide, Define Parameter Objects: parameters are required by default."""
        return [value.lower() for value in self.strings("optional")] == ["true"]

    def wire(self) -> dict[str, Any]:
        return {"id": self.id, "attributes": [{"key": k, "stringValue": v} for k, v in self.attributes]}


@dataclass(frozen=True)
class Definition:
    objects: tuple[PipelineObject, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    values: tuple[tuple[str, str], ...] = field(default=())

    @staticmethod
    def read(request: Mapping[str, Any]) -> Definition:
        """Read the members that PutPipelineDefinition and ValidatePipelineDefinition share."""
        return Definition(
            tuple(PipelineObject.read(wire) for wire in request["pipelineObjects"]),
            tuple(
                Parameter(wire["id"], tuple((a["key"], a["stringValue"]) for a in wire["attributes"]))
                for wire in request.get("parameterObjects") or ()
            ),
            read_values(request.get("parameterValues")),
        )

    @cached_property
    def by_id(self) -> dict[str, PipelineObject]:
        return {component.id: component for component in self.objects}

    def with_values(self, values: Sequence[tuple[str, str]]) -> Definition:
        """The definition with values given at activation, which replace those of the same parameter."""
        given = {name for name, _ in values}
        kept = tuple(pair for pair in self.values if pair[0] not in given)
        return Definition(self.objects, self.parameters, (*kept, *values))

    def parameter(self, name: str) -> list[str]:
        """The values of a parameter, or its defaults; empty if it has neither."""
        values = [value for key, value in self.values if key == name]
        return values or [value for p in self.parameters if p.id == name for value in p.defaults()]

    def without_value(self, *, optional: bool) -> list[str]:
        """The declared parameters, optional or required, that have neither a value nor a default."""
        return [
            parameter.id
            for parameter in self.parameters
            if parameter.is_optional is optional and not self.parameter(parameter.id)
        ]

    def valueless(self, text: str, *, optional: bool) -> bool:
        """Whether a text's expressions use a parameter without a value, optional or required."""
        missing = self.without_value(optional=optional) if "#{" in text else []
        return bool(missing) and not set(names_used(parse(text))).isdisjoint(missing)

    def ancestors(self, component: PipelineObject) -> Iterator[PipelineObject]:
        """The objects that `component` inherits from, nearest first.

        Developer Guide, Pipeline Definition File Syntax: the object `Default` is the parent of every object
        that names no other parent.
        """
        seen = {component.id}
        while True:
            parent = component.reference("parent") or DEFAULT
            if parent in seen or parent not in self.by_id:
                return
            seen.add(parent)
            component = self.by_id[parent]
            yield component

    def flattened(self, component: PipelineObject) -> PipelineObject:
        """The component with its inherited fields. A key of its own hides an inherited one."""
        fields = list(component.fields)
        for ancestor in self.ancestors(component):
            own = set(keys(fields)) | _NOT_INHERITED | ({"type"} if ancestor.id == DEFAULT else set())
            fields.extend(field for field in ancestor.fields if field.key not in own)
        return component.with_fields(fields)


def read_values(wire: Sequence[Mapping[str, str]] | None) -> tuple[tuple[str, str], ...]:
    return tuple((value["id"], value["stringValue"]) for value in wire or ())


def parameter_fields(definition: Definition, name: str) -> list[Field]:
    """A parameter's values as fields. An optional parameter without a value is empty."""
    values = definition.parameter(name)
    if not values and name in definition.without_value(optional=True):
        return [Field(name, "")]
    return [Field(name, value) for value in values]
