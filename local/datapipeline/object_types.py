"""The object types of the developer guide (Pipeline Object Reference), and their kinds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any


class Kind(Enum):
    """What the service does with objects of a type."""

    ACTIVITY = "activity"
    DATA_NODE = "data node"
    PRECONDITION = "precondition"
    RESOURCE = "resource"
    OTHER = "other"

    @property
    def is_runnable(self) -> bool:
        """Whether components of this kind get instances by a schedule."""
        return self in (Kind.ACTIVITY, Kind.DATA_NODE, Kind.RESOURCE)


@dataclass(frozen=True)
class ObjectType:
    name: str
    kind: Kind
    required: frozenset[str]
    one_of: tuple[frozenset[str], ...]
    known: frozenset[str]


# Developer Guide, System-Managed Preconditions: the service evaluates these itself.
SYSTEM_PRECONDITIONS = frozenset(
    {"DynamoDBDataExists", "DynamoDBTableExists", "S3KeyExists", "S3PrefixNotEmpty"}
)
_RESOURCES = frozenset({"Ec2Resource", "EmrCluster"})
_USER_PRECONDITIONS = frozenset({"Exists", "ShellCommandPrecondition"})


@cache
def object_types() -> dict[str, ObjectType]:
    """All types by name, from object_types.json."""
    data = _data()
    shared = {name: frozenset(fields.split()) for name, fields in data["shared"].items()}
    types = {}
    for name, entry in data["types"].items():
        required = frozenset(entry.get("required", "").split())
        one_of = tuple(frozenset(group.split()) for group in entry.get("oneOf", ()))
        known = required.union(
            *one_of, entry.get("optional", "").split(), *(shared[s] for s in entry["shared"])
        )
        types[name] = ObjectType(name, kind_of(name), required, one_of, known)
    return types


@cache
def runtime_fields() -> frozenset[str]:
    """The fields that the service sets on any object: the guide's runtime and system fields."""
    return frozenset(_data()["runtime"].split())


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(
        (Path(__file__).parent / "object_types.json").read_text(encoding="utf-8")
    )
    return data


def kind_of(type_name: str | None) -> Kind:
    if type_name is None:
        return Kind.OTHER
    if type_name in _RESOURCES:
        return Kind.RESOURCE
    if type_name in SYSTEM_PRECONDITIONS | _USER_PRECONDITIONS:
        return Kind.PRECONDITION
    if type_name.endswith("Activity"):
        return Kind.ACTIVITY
    return Kind.DATA_NODE if type_name.endswith("DataNode") else Kind.OTHER
