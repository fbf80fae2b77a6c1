"""What RunTask makes of a task definition and overrides: which containers run, and how.

Sources: Amazon ECS API Reference, "RunTask", "TaskOverride" and "ContainerDefinition"; developer guide, "Task
definition parameters for Fargate".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.ecs.errors import ClientError, InvalidParameterError

OVERRIDES_LIMIT = 8192
"""Characters of the overrides, as JSON (API Reference, "RunTask")."""
STOP_TIMEOUT_SECONDS = 30.0
"""stopTimeout if a container sets none (API Reference, "ContainerDefinition")."""
FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")


@dataclass(frozen=True)
class Logs:
    """The options of the log driver awslogs."""

    group: str
    region: str
    stream_prefix: str | None
    create_group: bool


@dataclass(frozen=True)
class ContainerPlan:
    """One container, with overrides applied. ``memory_mb`` is its own hard limit, if it has one."""

    name: str
    image: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    working_directory: str | None
    memory_mb: int | None
    stop_timeout_seconds: float
    essential: bool
    init_process: bool
    logs: Logs | None
    cpu: str
    unsupported: tuple[str, ...] = ()
    """What the definition asks for and local AWS does not have."""


@dataclass(frozen=True)
class TaskPlan:
    """A task: its size, its roles and its containers."""

    definition_arn: str
    family: str
    revision: int
    cpu: str
    memory_mb: int
    ephemeral_gib: int
    task_role: str | None
    execution_role: str | None
    network_mode: str
    architecture: str
    containers: tuple[ContainerPlan, ...] = field(default=())

    @property
    def roles(self) -> list[str]:
        """The ARNs of the roles that whoever starts the task passes to it."""
        return [role for role in (self.execution_role, self.task_role) if role]


def task_plan(definition: Mapping[str, Any], overrides: Mapping[str, Any]) -> TaskPlan:
    """Apply overrides to a task definition. Raises ClientError, InvalidParameterError."""
    if len(json.dumps(overrides, separators=(",", ":"), ensure_ascii=False)) > OVERRIDES_LIMIT:
        raise InvalidParameterError(f"Container Overrides length must be at most {OVERRIDES_LIMIT}")
    of_containers = {given.get("name"): given for given in overrides.get("containerOverrides", ())}
    names = [container["name"] for container in definition["containerDefinitions"]]
    for name in of_containers:
        if name not in names:
            raise InvalidParameterError(
                f"Override for container named {name} is not a container in the TaskDefinition."
            )
    if definition.get("status") != "ACTIVE":
        raise ClientError("TaskDefinition is inactive")
    storage = overrides.get("ephemeralStorage") or definition.get("ephemeralStorage") or {}
    return TaskPlan(
        definition_arn=definition["taskDefinitionArn"],
        family=definition["family"],
        revision=int(definition["revision"]),
        cpu=str(overrides.get("cpu") or definition.get("cpu") or "256"),
        memory_mb=_megabytes(overrides.get("memory") or definition.get("memory") or "512"),
        ephemeral_gib=int(storage.get("sizeInGiB") or 20),
        task_role=overrides.get("taskRoleArn") or definition.get("taskRoleArn") or None,
        execution_role=overrides.get("executionRoleArn") or definition.get("executionRoleArn") or None,
        network_mode=definition.get("networkMode") or "",
        architecture=(definition.get("runtimePlatform") or {}).get("cpuArchitecture") or "X86_64",
        containers=tuple(
            _container(container, of_containers.get(container["name"], {}))
            for container in definition["containerDefinitions"]
        ),
    )


def _container(definition: Mapping[str, Any], override: Mapping[str, Any]) -> ContainerPlan:
    command = override.get("command") or definition.get("command") or ()
    memory = override.get("memory") or definition.get("memory")
    timeout = definition.get("stopTimeout")
    linux = definition.get("linuxParameters") or {}
    return ContainerPlan(
        name=definition["name"],
        image=definition["image"],
        argv=(*(definition.get("entryPoint") or ()), *command),
        environment=_variables(definition) | _variables(override),
        working_directory=definition.get("workingDirectory"),
        memory_mb=None if memory is None else int(memory),
        stop_timeout_seconds=STOP_TIMEOUT_SECONDS if timeout is None else float(timeout),
        essential=bool(definition.get("essential", True)),
        init_process=bool(linux.get("initProcessEnabled")),
        logs=_logs(definition.get("logConfiguration")),
        cpu=str(override.get("cpu") or definition.get("cpu") or 0),
        unsupported=tuple(
            name
            for name in ("secrets", "environmentFiles", "repositoryCredentials", "mountPoints", "volumesFrom")
            if definition.get(name) or override.get(name)
        ),
    )


def _variables(given: Mapping[str, Any]) -> dict[str, str]:
    pairs: Sequence[Mapping[str, str]] = given.get("environment") or ()
    return {pair["name"]: pair.get("value", "") for pair in pairs}


def _logs(configuration: Mapping[str, Any] | None) -> Logs | None:
    options = (configuration or {}).get("options") or {}
    if (configuration or {}).get("logDriver") != "awslogs" or not options.get("awslogs-group"):
        return None
    return Logs(
        group=options["awslogs-group"],
        region=options.get("awslogs-region") or "",
        stream_prefix=options.get("awslogs-stream-prefix"),
        create_group=str(options.get("awslogs-create-group", "")).lower() == "true",
    )


def _megabytes(size: object) -> int:
    """A task's memory: MiB, or such as ``2 GB`` (API Reference, "RegisterTaskDefinition", memory)."""
    text = str(size).strip().lower()
    if text.endswith("gb"):
        return int(float(text.removesuffix("gb")) * 1024)
    return int(float(text.removesuffix("mb")))
