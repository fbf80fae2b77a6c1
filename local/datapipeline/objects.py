"""Pipeline objects as plain data: an id, a name and an ordered list of fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Field:
    """One `key` with a string or a reference to another object. Repeated keys form a list."""

    key: str
    value: str
    is_reference: bool = False

    def wire(self) -> dict[str, str]:
        return {"key": self.key, ("refValue" if self.is_reference else "stringValue"): self.value}

    @staticmethod
    def read(wire: Mapping[str, Any]) -> Field:
        if wire.get("refValue") is not None:
            return Field(wire["key"], wire["refValue"], is_reference=True)
        return Field(wire["key"], wire.get("stringValue") or "")


def ref(key: str, value: str) -> Field:
    return Field(key, value, is_reference=True)


@dataclass(frozen=True)
class PipelineObject:
    id: str
    name: str
    fields: tuple[Field, ...] = ()

    def wire(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "fields": [field.wire() for field in self.fields]}

    @staticmethod
    def read(wire: Mapping[str, Any]) -> PipelineObject:
        return PipelineObject(wire["id"], wire["name"], tuple(Field.read(field) for field in wire["fields"]))

    def strings(self, key: str) -> list[str]:
        return [field.value for field in self.fields if field.key == key and not field.is_reference]

    def string(self, key: str) -> str | None:
        return next(iter(self.strings(key)), None)

    def references(self, key: str | None = None) -> list[str]:
        """The ids that `key` refers to. Without a key, all ids that the object refers to."""
        return [f.value for f in self.fields if f.is_reference and (key is None or f.key == key)]

    def reference(self, key: str) -> str | None:
        return next(iter(self.references(key)), None)

    @property
    def type(self) -> str | None:
        return self.string("type")

    def with_fields(self, fields: Iterable[Field]) -> PipelineObject:
        return PipelineObject(self.id, self.name, tuple(fields))


def keys(fields: Iterable[Field]) -> Iterator[str]:
    """Every key once, in the order of its first field."""
    return iter(dict.fromkeys(field.key for field in fields))
