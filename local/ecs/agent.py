"""What a container asks the container agent for: credentials of the task role, and metadata.

Sources: Amazon ECS developer guide, "Task IAM role" and "Task metadata endpoint version 4". On AWS the agent
answers at 169.254.170.2. Here it is the port of local AWS, and a path that nobody can guess.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from local.ecs.task import Task
from local.http.messages import respond
from local.permissions.calls import CannotAssumeError, Credentials

PRINCIPAL = "ecs-tasks.amazonaws.com"
"""Whom the trust policies of a task's roles have to name."""
CREDENTIALS = "/v2/credentials/"
METADATA = "/v4/"
RENEWED_AFTER = 0.5
"""Which part of their life credentials are served for, before new ones are."""

AssumeTaskRole = Callable[[Task, float], Credentials]
"""(task, seconds) -> credentials of its role for that long. Raises CannotAssumeError."""


class Agent:
    """The agents of all tasks."""

    def __init__(self, assume: AssumeTaskRole, *, credentials_seconds: float) -> None:
        self._assume = assume
        self._seconds = credentials_seconds
        self._tasks: dict[str, Task] = {}
        self._containers: dict[str, tuple[Task, str]] = {}
        self._made: dict[str, tuple[Credentials, float]] = {}

    def credentials_path(self, task: Task) -> str:
        """A new path at which the credentials of a task's role are, until the task is forgotten."""
        path = f"{CREDENTIALS}{secrets.token_urlsafe(24)}"
        self._tasks[path] = task
        return path

    def metadata_path(self, task: Task, container: str) -> str:
        """A new path at which a container's metadata are, until the task is forgotten."""
        path = f"{METADATA}{secrets.token_urlsafe(24)}"
        self._containers[path] = (task, container)
        return path

    def forget(self, task: Task) -> None:
        """The task has ended."""
        self._tasks = {path: known for path, known in self._tasks.items() if known is not task}
        self._containers = {path: known for path, known in self._containers.items() if known[0] is not task}
        self._made.pop(task.id, None)

    def knows(self, path: str) -> bool:
        """Whether a path is one of a container."""
        return path in self._tasks or path.removesuffix("/task") in self._containers

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG002
        """Answer a container. Only for paths that it `knows`."""
        path = scope["path"]
        status, answer = (
            self._credentials(self._tasks[path]) if path in self._tasks else (200, self._metadata(path))
        )
        await respond(send, status, {"Content-Type": "application/json"}, json.dumps(answer).encode())

    def _credentials(self, task: Task) -> tuple[int, dict[str, str]]:
        role = task.plan.task_role or ""
        made, until = self._made.get(task.id, (None, 0.0))
        if made is None or until - time.time() < self._seconds * RENEWED_AFTER:
            try:
                made = self._assume(task, self._seconds)
            except CannotAssumeError as error:
                return 400, {"code": "AccessDenied", "message": str(error)}
            until = time.time() + self._seconds
            self._made[task.id] = (made, until)
        return 200, {
            "RoleArn": role,
            "AccessKeyId": made.access_key_id,
            "SecretAccessKey": made.secret_access_key,
            "Token": made.session_token,
            "Expiration": f"{datetime.fromtimestamp(until, UTC):%Y-%m-%dT%H:%M:%SZ}",
        }

    def _metadata(self, path: str) -> dict[str, Any]:
        task, name = self._containers[path.removesuffix("/task")]
        if not path.endswith("/task"):
            return self._container(task, name)
        return {
            "Cluster": task.cluster_arn,
            "TaskARN": task.arn,
            "Family": task.plan.family,
            "Revision": str(task.plan.revision),
            "DesiredStatus": task.record["desiredStatus"],
            "KnownStatus": task.status,
            "Limits": {"CPU": int(task.plan.cpu) / 1024, "Memory": task.plan.memory_mb},
            "AvailabilityZone": task.record["availabilityZone"],
            "LaunchType": "FARGATE",
            "Containers": [self._container(task, container.name) for container in task.plan.containers],
        }

    @staticmethod
    def _container(task: Task, name: str) -> dict[str, Any]:
        record = task.container(name)
        return {
            "DockerId": record.get("runtimeId", ""),
            "Name": name,
            "DockerName": name,
            "Image": record["image"],
            "Labels": {
                "com.amazonaws.ecs.cluster": task.cluster_arn,
                "com.amazonaws.ecs.container-name": name,
                "com.amazonaws.ecs.task-arn": task.arn,
                "com.amazonaws.ecs.task-definition-family": task.plan.family,
                "com.amazonaws.ecs.task-definition-version": str(task.plan.revision),
            },
            "DesiredStatus": task.record["desiredStatus"],
            "KnownStatus": record["lastStatus"],
            "Type": "NORMAL",
            "ContainerARN": record["containerArn"],
        }
