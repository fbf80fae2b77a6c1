"""The calls that IAM has to allow for an operation.

Source: service authorization reference, "Actions, resources, and condition keys for Amazon Elastic Container
Service"; RunTask also passes the task's roles to the task (IAM user guide, "Grant a user permissions to pass
a role to an AWS service").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.ecs.agent import PRINCIPAL
from local.ecs.errors import ClientError, InvalidParameterError
from local.ecs.plan import task_plan
from local.ecs.tasks import Definitions
from local.permissions.calls import Call


class NeededCalls:
    """Derives the calls from requests, and from what they name. ``place`` is ``REGION:ACCOUNT``."""

    def __init__(self, definitions: Definitions, *, place: str) -> None:
        self._definitions = definitions
        self._place = place

    def calls(self, operation: str, request: Mapping[str, Any]) -> list[Call]:
        """The calls for an operation. From any thread."""
        named = str(request.get("cluster") or "default")
        cluster = self._arn("cluster", named)
        context = {"ecs:cluster": cluster}
        if operation == "RunTask":
            return self._run_task(request, context)
        if operation == "StopTask":
            return [Call("ecs:StopTask", self._task(cluster, str(request.get("task"))), context)]
        if operation == "DescribeTasks":
            tasks = request.get("tasks")
            names = tasks if isinstance(tasks, list) else []
            return [
                Call("ecs:DescribeTasks", self._task(cluster, str(task)), context) for task in names or ["*"]
            ]
        return [Call(f"ecs:{operation}", "*", context)]

    def _run_task(self, request: Mapping[str, Any], context: Mapping[str, str]) -> list[Call]:
        named = str(request.get("taskDefinition") or "")
        definition = self._definitions.task_definition(named)
        if definition is None:
            return [Call("ecs:RunTask", self._arn("task-definition", named), context)]
        # Without a revision, the latest one is resolved before the authorization (API Reference, "RunTask").
        calls = [Call("ecs:RunTask", definition["taskDefinitionArn"], context)]
        if request.get("tags") or request.get("propagateTags") == "TASK_DEFINITION":
            calls.append(
                Call(
                    "ecs:TagResource",
                    f"arn:aws:ecs:{self._place}:task/*",
                    {**context, "ecs:createaction": "RunTask"},
                )
            )
        try:
            roles = task_plan(definition, request.get("overrides") or {}).roles
        except (ClientError, InvalidParameterError, AttributeError, TypeError):
            roles = []  # The operation refuses the request.
        passed = {"iam:passedtoservice": PRINCIPAL}
        return calls + [Call("iam:PassRole", role, passed) for role in dict.fromkeys(roles)]

    def _task(self, cluster: str, named: str) -> str:
        return named if named.startswith("arn:") else f"{cluster.replace(':cluster/', ':task/')}/{named}"

    def _arn(self, kind: str, named: str) -> str:
        return named if named.startswith("arn:") else f"arn:aws:ecs:{self._place}:{kind}/{named}"
