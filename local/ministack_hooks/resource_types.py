"""CloudFormation resource types that ministack lacks."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Protocol


class ResourceType(Protocol):
    """What CloudFormation does with resources of a type. Each method raises ValueError with the reason."""

    def create(
        self, logical_id: str, properties: dict[str, Any], stack: str, /
    ) -> tuple[str, dict[str, Any]]:
        """Create it. Returns the physical id, for Ref, and the attributes, for Fn::GetAtt."""
        ...

    def update(
        self, physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, /
    ) -> tuple[str, dict[str, Any]]:
        """Update it in place. Called if no property that replaces the resource has changed."""
        ...

    def delete(self, physical_id: str, properties: dict[str, Any], /) -> None: ...


def add_resource_type(name: str, type_: ResourceType, *, replacing: Sequence[str]) -> None:
    """Make a type known to CloudFormation. Changing a property in ``replacing`` creates a new resource."""
    provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
    provisioners._RESOURCE_HANDLERS[name] = {
        "create": type_.create,
        "update": type_.update,
        "delete": type_.delete,
    }
    provisioners._REPLACING_PROPERTIES[name] = tuple(replacing)
