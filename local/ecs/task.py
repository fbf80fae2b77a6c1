"""A task, as DescribeTasks returns it, and its way from PROVISIONING to STOPPED.

Sources: Amazon ECS API Reference, "Task" and "Container"; developer guide, "Amazon ECS task lifecycle" and
"Stopped tasks error codes".
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

from local.ecs.plan import TaskPlan

ESSENTIAL_CONTAINER_EXITED = ("EssentialContainerExited", "Essential container in task exited")
INTERRUPTED = ("SpotInterruption", "Your Spot Task was interrupted.")


class Task:
    """One task. Belongs to one event loop, but for `ended`, which any thread may wait for."""

    def __init__(
        self, plan: TaskPlan, *, cluster: Mapping[str, Any], request: Mapping[str, Any], region: str
    ) -> None:
        """``request`` is RunTask's, with ``capacityProviderName`` if a capacity provider places the task."""
        self.id = uuid.uuid4().hex
        self.plan = plan
        account = cluster["clusterArn"].split(":")[4]
        place = f"arn:aws:ecs:{region}:{account}"
        name = cluster["clusterName"]
        self.arn = f"{place}:task/{name}/{self.id}"
        self.cluster_arn: str = cluster["clusterArn"]
        self.ended = threading.Event()
        self.ended_at: float | None = None
        """When it was noticed that it has ended, by the clock of the service."""
        self.stop_requested = asyncio.Event()
        self._interface = uuid.uuid4().hex
        network = (request.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
        self.record: dict[str, Any] = {
            "attachments": self._attachments(network),
            "attributes": [{"name": "ecs.cpu-architecture", "value": plan.architecture.lower()}],
            "availabilityZone": f"{region}a",
            "clusterArn": self.cluster_arn,
            "containers": [
                {
                    "containerArn": f"{place}:container/{name}/{self.id}/{uuid.uuid4()}",
                    "taskArn": self.arn,
                    "name": container.name,
                    "image": container.image,
                    "lastStatus": "PENDING",
                    "networkInterfaces": [],
                    "cpu": container.cpu,
                    **({"memory": str(container.memory_mb)} if container.memory_mb else {}),
                }
                for container in plan.containers
            ],
            "cpu": plan.cpu,
            "createdAt": time.time(),
            "desiredStatus": "RUNNING",
            "enableExecuteCommand": bool(request.get("enableExecuteCommand")),
            "ephemeralStorage": {"sizeInGiB": plan.ephemeral_gib},
            "group": request.get("group") or f"family:{plan.family}",
            "healthStatus": "UNKNOWN",
            "lastStatus": "PROVISIONING",
            "launchType": "FARGATE",
            "memory": str(plan.memory_mb),
            "overrides": _overrides(plan, request.get("overrides") or {}),
            "platformFamily": "Linux",
            "platformVersion": "1.4.0",
            "tags": list(request.get("tags") or ()),
            "taskArn": self.arn,
            "taskDefinitionArn": plan.definition_arn,
            "version": 1,
        }
        for key in ("startedBy", "capacityProviderName"):
            if request.get(key):
                self.record[key] = request[key]

    @property
    def status(self) -> str:
        status: str = self.record["lastStatus"]
        return status

    @property
    def stopping(self) -> bool:
        """Whether it is to end, or has ended."""
        return bool(self.record["desiredStatus"] == "STOPPED")

    @property
    def on_spot(self) -> bool:
        return self.record.get("capacityProviderName") == "FARGATE_SPOT"

    def described(self, *, with_tags: bool) -> dict[str, Any]:
        """The task in an answer. Tags are there if they are asked for."""
        return {name: value for name, value in self.record.items() if with_tags or name != "tags"}

    def container(self, name: str) -> dict[str, Any]:
        """The record of a container."""
        return next(container for container in self.record["containers"] if container["name"] == name)

    def move(self, status: str) -> None:
        """Enter the next status on the way."""
        self.record["lastStatus"] = status
        self.record["version"] += 1

    def pull(self) -> None:
        """Begin to pull the images."""
        self.move("PENDING")
        self.record["pullStartedAt"] = time.time()
        now = time.time()
        self.record |= {"connectivity": "CONNECTED", "connectivityAt": now}

    def run(self) -> None:
        """All containers have started."""
        now = time.time()
        self.record |= {"pullStoppedAt": now, "startedAt": now}
        for container in self.record["containers"]:
            container |= {"lastStatus": "RUNNING", "runtimeId": f"{self.id}-{secrets.token_hex(5)}"}
        self._attach("ATTACHED")
        self.move("RUNNING")

    def stop(self, code: str, reason: str) -> None:
        """It is to stop, for this reason. Only the first reason counts."""
        if not self.stopping:
            self.record |= {
                "desiredStatus": "STOPPED",
                "stopCode": code,
                "stoppedReason": reason,
                "stoppingAt": time.time(),
            }
            self.record["version"] += 1
            self.stop_requested.set()

    def over(self) -> None:
        """All containers have ended."""
        now = time.time()
        if self.record.get("startedAt"):
            self.record["executionStoppedAt"] = now
        for container in self.record["containers"]:
            container["lastStatus"] = "STOPPED"
        self._attach("DELETED")
        self.record["stoppedAt"] = now
        self.move("STOPPED")
        self.ended.set()

    def _attachments(self, network: Mapping[str, Any]) -> list[dict[str, Any]]:
        if self.plan.network_mode != "awsvpc":
            return []
        details = [{"name": "subnetId", "value": subnet} for subnet in (network.get("subnets") or ())[:1]]
        return [
            {
                "id": str(uuid.UUID(self._interface)),
                "type": "ElasticNetworkInterface",
                "status": "PRECREATED",
                "details": details,
            }
        ]

    def _attach(self, status: str) -> None:
        """The network interface is this machine's loopback."""
        for attachment in self.record["attachments"]:
            attachment["status"] = status
            if status == "ATTACHED":
                attachment["details"] += [
                    {"name": "networkInterfaceId", "value": f"eni-{self._interface[:17]}"},
                    {"name": "privateIPv4Address", "value": "127.0.0.1"},
                ]
                interface = {"attachmentId": attachment["id"], "privateIpv4Address": "127.0.0.1"}
                for container in self.record["containers"]:
                    container["networkInterfaces"] = [interface]


def _overrides(plan: TaskPlan, given: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides with an entry for each container, as Amazon ECS returns them."""
    of_containers = {override.get("name"): override for override in given.get("containerOverrides", ())}
    return {
        **given,
        "containerOverrides": [
            {"name": container.name, **of_containers.get(container.name, {})} for container in plan.containers
        ],
        "inferenceAcceleratorOverrides": [],
    }
