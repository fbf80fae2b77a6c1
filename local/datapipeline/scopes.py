"""What an object's expressions can see: its own fields, `node`, and the parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local.datapipeline.definition import Definition, parameter_fields
from local.datapipeline.objects import Field, PipelineObject, ref

Find = Callable[[str], PipelineObject | None]


@dataclass(frozen=True)
class ObjectScope:
    """The scope of one object. `node` is what refers to an alarm or precondition (Developer Guide, Node)."""

    object: PipelineObject
    definition: Definition
    find: Find
    node: str | None = None

    @property
    def id(self) -> str:
        return self.object.id

    def fields(self, name: str) -> Sequence[Field]:
        if name in ("id", "@id"):
            return [Field(name, self.object.id)]
        if name == "name":
            return [Field(name, self.object.name)]
        if name == "node" and self.node is not None:
            return [ref(name, self.node)]
        own = [field for field in self.object.fields if field.key == name]
        return own or parameter_fields(self.definition, name)

    def target(self, reference: str) -> ObjectScope | None:
        found = self.find(reference)
        return None if found is None else ObjectScope(found, self.definition, self.find)
