"""Types of CloudFormation's resources that ministack does not have."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Protocol


class ResourceType(Protocol):
    """What CloudFormation does with resources of a type. Each raises ValueError with the reason."""

    def create(
        self, logical_id: str, properties: dict[str, Any], stack: str, /
    ) -> tuple[str, dict[str, Any]]:
        """The physical id, which Ref gives, and the attributes that Fn::GetAtt gives."""
        ...

    def update(
        self, physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, /
    ) -> tuple[str, dict[str, Any]]:
        """The same after a change of other properties than those that replace."""
        ...

    def delete(self, physical_id: str, properties: dict[str, Any], /) -> None: ...


def add_resource_type(name: str, type_: ResourceType, *, replacing: Sequence[str]) -> None:
    """Make CloudFormation know a type; a change of a property of ``replacing`` makes a new resource."""
    provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
    provisioners._RESOURCE_HANDLERS[name] = {
        "create": type_.create,
        "update": type_.update,
        "delete": type_.delete,
    }
    provisioners._REPLACING_PROPERTIES[name] = tuple(replacing)
