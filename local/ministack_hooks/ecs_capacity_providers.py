"""The resource type with which a template gives a cluster its capacity providers, which ministack lacks."""

from __future__ import annotations

import importlib
import json
from typing import Any

from local.ministack_hooks.ecs_definitions import camel_case
from local.ministack_hooks.resource_types import add_resource_type

TYPE = "AWS::ECS::ClusterCapacityProviderAssociations"


class CapacityProviderAssociations:
    """PutClusterCapacityProviders for a template."""

    def __init__(self) -> None:
        self._ecs: Any = importlib.import_module("ministack.services.ecs")

    def create(
        self,
        logical_id: str,  # noqa: ARG002 - all resource types have one signature
        properties: dict[str, Any],
        stack: str,  # noqa: ARG002
    ) -> tuple[str, dict[str, Any]]:
        return self._put(properties)

    def update(
        self,
        physical_id: str,  # noqa: ARG002
        old: dict[str, Any],  # noqa: ARG002
        new: dict[str, Any],
        stack: str,  # noqa: ARG002
    ) -> tuple[str, dict[str, Any]]:
        return self._put(new)

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:  # noqa: ARG002
        if self._ecs._resolve_cluster_name(physical_id) in self._ecs._clusters:
            self._put({"Cluster": physical_id})

    def _put(self, properties: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Raises ValueError with the answer if the cluster does not exist."""
        cluster: str = properties["Cluster"]
        status, _, answer = self._ecs._put_cluster_capacity_providers(
            {
                "cluster": cluster,
                "capacityProviders": properties.get("CapacityProviders") or [],
                "defaultCapacityProviderStrategy": camel_case(
                    properties.get("DefaultCapacityProviderStrategy") or []
                ),
            }
        )
        if status >= 400:
            raise ValueError(json.loads(answer).get("message", "the cluster does not exist"))
        return cluster, {}


def add_capacity_provider_associations() -> None:
    """Make the type known to CloudFormation."""
    add_resource_type(TYPE, CapacityProviderAssociations(), replacing=["Cluster"])
