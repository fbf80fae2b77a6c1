"""Why an ECS task stopped.

Amazon ECS says it by ``stopCode``, ``stoppedReason``, and each container's ``exitCode`` and ``reason``
(developer guide, stopped task errors). Step Functions passes these on, with capitals (developer guide, ECS).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_HANDLER = "handler"
"""The name of the container (infra/container_task.py). AWS may add others, such as GuardDuty's."""


@dataclass(frozen=True)
class StoppedTask:
    """The members of a stopped ECS task that say why it stopped."""

    arn: str
    stop_code: str
    reason: str
    exit_code: int | None
    container_reason: str

    @classmethod
    def of_cause(cls, cause: str) -> StoppedTask | None:
        """The task that RunTask describes in the cause of an error; None if it is another text."""
        try:
            found = json.loads(cause)
        except ValueError:
            return None
        if not isinstance(found, Mapping) or "TaskArn" not in found:
            return None
        container = _of_handler(found.get("Containers") or (), "Name")
        return cls(
            arn=str(found["TaskArn"]),
            stop_code=str(found.get("StopCode") or ""),
            reason=str(found.get("StoppedReason") or ""),
            exit_code=container.get("ExitCode"),
            container_reason=str(container.get("Reason") or ""),
        )

    @classmethod
    def of_description(cls, task: Mapping[str, Any]) -> StoppedTask:
        """A task as DescribeTasks of Amazon ECS tells it."""
        container = _of_handler(task.get("containers") or (), "name")
        return cls(
            arn=task["taskArn"],
            stop_code=task.get("stopCode", ""),
            reason=task.get("stoppedReason", ""),
            exit_code=container.get("exitCode"),
            container_reason=container.get("reason", ""),
        )

    @property
    def id(self) -> str:
        """The last part of the ARN, with which the console and log streams name the task."""
        return self.arn.rpartition("/")[2]

    @property
    def words(self) -> str:
        """What Amazon ECS says about the end."""
        exit_code = "" if self.exit_code is None else f"exit code {self.exit_code}"
        said = [self.stop_code, self.reason, self.container_reason, exit_code]
        return "; ".join(part for part in said if part)


def _of_handler(containers: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next((each for each in containers if each.get(name) == _HANDLER), next(iter(containers), {}))
