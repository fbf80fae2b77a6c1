"""The clusters and task definitions of Amazon ECS, which are ministack's.

Tasks are put beside them, so that ministack counts them for their cluster, and tags them. ministack's own
RunTask and so on are replaced for Step Functions' SDK integrations; for HTTP, see local/server.py.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from local.ecs.endpoint import EcsEndpoint
from local.ecs.task import Task
from local.ecs.wire import OPERATIONS, TARGET
from local.json_service import service_model
from local.ministack_hooks.handler import Handler
from local.sdk_errors import modelled_errors, with_sdk_errors

T = TypeVar("T")

_TASK_DEFINITION = "AWS::ECS::TaskDefinition"
_MAPS = {"options", "dockerLabels", "driverOpts", "labels"}
"""Members of a container definition whose keys are data."""


class EcsDefinitions:
    """ministack's records, for one account and region."""

    def __init__(self, *, account: str, region: str) -> None:
        self._ecs: Any = importlib.import_module("ministack.services.ecs")
        self._responses: Any = importlib.import_module("ministack.core.responses")
        self._account = account
        self._region = region
        self._take_all_of_a_template()

    def cluster(self, named: str) -> Mapping[str, Any] | None:
        """A cluster by its name or ARN. `default` exists once it is used (API Reference, "RunTask")."""

        def find() -> Mapping[str, Any] | None:
            name = self._ecs._resolve_cluster_name(named)
            if name == "default" and name not in self._ecs._clusters:
                self._ecs._put_cluster({"clusterName": name})
            found: Mapping[str, Any] | None = self._ecs._clusters.get(name) if name else None
            return found

        return self._scoped(find)

    def task_definition(self, named: str) -> Mapping[str, Any] | None:
        """A task definition by its family, family and revision, or ARN."""

        def find() -> Mapping[str, Any] | None:
            found: Mapping[str, Any] | None = self._ecs._task_defs.get(self._ecs._resolve_td_key(named))
            return found

        return self._scoped(find)

    def publish(self, task: Task) -> None:
        """Make a task known to ministack's other operations."""

        def put() -> None:
            self._ecs._tasks[task.arn] = task.record
            if task.record["tags"]:
                self._ecs._tags[task.arn] = list(task.record["tags"])

        self._scoped(put)

    def withdraw(self, task: Task) -> None:
        """The opposite of `publish`."""

        def remove() -> None:
            self._ecs._tasks.pop(task.arn, None)
            self._ecs._tags.pop(task.arn, None)

        self._scoped(remove)

    def tags(self, task: Task) -> list[dict[str, str]]:
        """The tags of a task, which TagResource may have changed."""
        return self._tags_of(task.arn)

    def definition_tags(self, arn: str) -> list[dict[str, str]]:
        """The tags of a task definition."""
        return self._tags_of(arn)

    def _tags_of(self, arn: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self._scoped(lambda: list(self._ecs._tags.get(arn, ())))
        return found

    def _scoped(self, work: Callable[[], T]) -> T:
        with self._responses.request_scope(self._account, self._region):
            return work()

    def _take_all_of_a_template(self) -> None:
        """ministack leaves out members of a task definition in a template, or their nested names."""
        provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
        original = provisioners._ecs_task_def_create

        def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
            arn, attributes = original(logical_id, props, stack_name)
            definition = self._ecs._task_defs[self._ecs._resolve_td_key(arn)]
            definition["containerDefinitions"] = camel_case(props.get("ContainerDefinitions") or [])
            for name in ("RuntimePlatform", "EphemeralStorage", "Volumes"):
                if props.get(name):
                    definition[_lower(name)] = camel_case(props[name])
            return arn, attributes

        provisioners._ecs_task_def_create = create
        provisioners._RESOURCE_HANDLERS[_TASK_DEFINITION]["create"] = create


def run_tasks_of_state_machines(app: Any, step_functions: Any, endpoint: EcsEndpoint) -> None:
    """Let `aws-sdk:ecs:runTask` and so on, and nothing else of Amazon ECS, be served by ``endpoint``."""
    assert service_model("ecs").service_id == "ECS"  # noqa: S101 - the target's prefix is the model's
    original: Handler = app.SERVICE_HANDLERS["ecs"]
    prefix = step_functions._AWS_SDK_ERROR_PREFIX["ecs"]
    ours = with_sdk_errors(endpoint.handle, service=prefix, modelled=modelled_errors("ecs"))

    async def handle(
        method: str, path: str, headers: dict[str, str], body: str | bytes, query: dict[str, list[str]]
    ) -> tuple[int, dict[str, str], bytes]:
        encoded = body.encode() if isinstance(body, str) else body
        operation = headers.get("x-amz-target", "").removeprefix(TARGET)
        handler = ours if operation in OPERATIONS else original
        return await handler(method, path, headers, encoded, query)

    app.SERVICE_HANDLERS["ecs"] = handle


def camel_case(value: Any) -> Any:
    """A part of a template with the names of the API: their first letter in lower case."""
    if isinstance(value, list):
        return [camel_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {_lower(name): item if _lower(name) in _MAPS else camel_case(item) for name, item in value.items()}


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
