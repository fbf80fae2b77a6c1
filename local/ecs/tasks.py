"""The operations on tasks.

Source: Amazon ECS API Reference, "RunTask", "StopTask", "DescribeTasks" and "ListTasks".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from local.ecs.client_tokens import ENDED_SECONDS, ClientTokens
from local.ecs.errors import ClientError, ClusterNotFoundError, InvalidParameterError
from local.ecs.plan import FARGATE_PROVIDERS, TaskPlan, task_plan
from local.ecs.task import Task

FAILURES = {
    "capacity": "Capacity is unavailable at this time. Please try again later or in a different availability "
    "zone",
    "limit": "You've reached the limit on the number of vCPUs you can run concurrently",
}
"""Reasons for which RunTask places nothing, by the kind of fault (developer guide, "Amazon ECS service event
messages")."""
DEFAULT_REASON = "Task stopped by user"
MOST_TASKS = 10
_FILTERS = {"containerInstance", "desiredStatus", "family", "launchType", "serviceName"}
PAGE = 100

Run = Callable[[Task], None]
"""Starts to run a task."""


class Definitions(Protocol):
    """Clusters and task definitions, which are ministack's."""

    def cluster(self, named: str) -> Mapping[str, Any] | None: ...
    def task_definition(self, named: str) -> Mapping[str, Any] | None: ...
    def publish(self, task: Task) -> None: ...
    def withdraw(self, task: Task) -> None: ...
    def tags(self, task: Task) -> list[dict[str, str]]: ...
    def definition_tags(self, arn: str) -> list[dict[str, str]]: ...


class Tasks:
    """All tasks. `clock` gives seconds of the service's time. Belongs to one event loop."""

    def __init__(
        self, definitions: Definitions, *, run: Run, clock: Callable[[], float], region: str
    ) -> None:
        self._definitions = definitions
        self._run = run
        self._clock = clock
        self._region = region
        self._tokens = ClientTokens()
        self._tasks: dict[str, Task] = {}

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out an operation whose request has been checked. Raises ServiceError."""
        self._forget_the_old()
        operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "RunTask": self.run_task,
            "StopTask": self.stop_task,
            "DescribeTasks": self.describe_tasks,
            "ListTasks": self.list_tasks,
        }
        return operations[operation](request)

    def run_task(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start `count` tasks, or return those that the same request has started before."""
        cluster = self._cluster(request)
        before = self._tokens.tasks(cluster["clusterArn"], request, self._clock())
        if before is not None:
            return self._described(before)
        plan = self._checked_plan(request)
        provider = _capacity_provider(request, cluster)
        request_of_task = {**request, "tags": self._tags(request, plan, cluster)}
        if provider:
            request_of_task["capacityProviderName"] = provider
        tasks = [
            Task(plan, cluster=cluster, request=request_of_task, region=self._region)
            for _ in range(request.get("count", 1))
        ]
        self._tokens.remember(cluster["clusterArn"], request, tasks, self._clock())
        for task in tasks:
            self._tasks[task.arn] = task
            self._definitions.publish(task)
        answer = self._described(tasks)
        for task in tasks:
            self._run(task)
        return answer

    def start_unknown(self, request: dict[str, Any]) -> None:
        """Start tasks once more, without a token and without telling anybody: a fault asks for it."""
        self.run_task({name: value for name, value in request.items() if name != "clientToken"})

    def stop_task(self, request: dict[str, Any]) -> dict[str, Any]:
        """Stop a task. It is not over when this returns."""
        task = self._named(self._cluster(request), request["task"])
        if task is None:
            raise InvalidParameterError("The referenced task was not found.")
        task.stop("UserInitiated", request.get("reason") or DEFAULT_REASON)
        return {"task": task.described(with_tags=False)}

    def describe_tasks(self, request: dict[str, Any]) -> dict[str, Any]:
        """Describe tasks. One that ended more than an hour ago is MISSING."""
        cluster = self._cluster(request)
        with_tags = "TAGS" in request.get("include", ())
        if len(request["tasks"]) > PAGE:
            raise InvalidParameterError(f"Tasks can contain at most {PAGE} entries.")
        found, failures = [], []
        for named in request["tasks"]:
            task = self._named(cluster, named)
            if task is None:
                failures.append({"arn": _arn(cluster, named), "reason": "MISSING"})
            else:
                tags = {"tags": self._definitions.tags(task)} if with_tags else {}
                found.append(task.described(with_tags=False) | tags)
        return {"tasks": found, "failures": failures}

    def list_tasks(self, request: dict[str, Any]) -> dict[str, Any]:
        """The ARNs of a cluster's tasks, those that run or are to run unless STOPPED is asked for."""
        cluster = self._cluster(request)
        wanted = request.get("desiredStatus", "RUNNING")
        family, started_by = request.get("family"), request.get("startedBy")
        # "It must be the only filter that you use" (API Reference, "ListTasks", startedBy).
        if started_by and request.keys() & _FILTERS:
            raise InvalidParameterError("startedBy cannot be combined with other filters.")
        found = [
            task.arn
            for task in self._tasks.values()
            if task.cluster_arn == cluster["clusterArn"]
            and task.record["desiredStatus"] == wanted
            and family in (None, task.plan.family)
            and started_by in (None, task.record.get("startedBy"))
            and request.get("launchType") in (None, task.record["launchType"])
            and not request.get("serviceName")
            and not request.get("containerInstance")
        ]
        start = int(request.get("nextToken") or 0)
        page = found[start : start + request.get("maxResults", PAGE)]
        more = start + len(page) < len(found)
        return {"taskArns": page, **({"nextToken": str(start + len(page))} if more else {})}

    def task(self, arn: str) -> Task | None:
        """A task by its ARN."""
        return self._tasks.get(arn)

    def _checked_plan(self, request: Mapping[str, Any]) -> TaskPlan:
        definition = self._definitions.task_definition(request["taskDefinition"])
        if definition is None:
            raise ClientError("TaskDefinition not found.")
        if not 1 <= request.get("count", 1) <= MOST_TASKS:
            raise InvalidParameterError(f"Count must be between 1 and {MOST_TASKS}.")
        if len(request.get("startedBy", "")) > 128:
            raise InvalidParameterError("startedBy must have at most 128 characters.")
        token = request.get("clientToken", "")
        if len(token) > 64 or not all("!" <= character <= "~" for character in token):
            raise InvalidParameterError("clientToken must have at most 64 characters in the range of 33-126.")
        plan = task_plan(definition, request.get("overrides") or {})
        network = (request.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
        if plan.network_mode == "awsvpc" and not network.get("subnets"):
            raise InvalidParameterError(
                "Network Configuration must be provided when networkMode 'awsvpc' is specified."
            )
        return plan

    def _tags(
        self, request: Mapping[str, Any], plan: TaskPlan, cluster: Mapping[str, Any]
    ) -> list[dict[str, str]]:
        """The tags of a new task. Those of the request win."""
        found = {}
        if request.get("enableECSManagedTags"):
            found["aws:ecs:clusterName"] = cluster["clusterName"]
        of_definition = (
            self._definitions.definition_tags(plan.definition_arn)
            if request.get("propagateTags") == "TASK_DEFINITION"
            else []
        )
        for tag in (*of_definition, *request.get("tags", ())):
            found[tag["key"]] = tag.get("value", "")
        return [{"key": key, "value": value} for key, value in found.items()]

    def _cluster(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        found = self._definitions.cluster(request.get("cluster", "default"))
        if found is None:
            raise ClusterNotFoundError
        return found

    def _named(self, cluster: Mapping[str, Any], named: str) -> Task | None:
        found = self._tasks.get(_arn(cluster, named))
        return found if found is not None and found.cluster_arn == cluster["clusterArn"] else None

    def _described(self, tasks: list[Task]) -> dict[str, Any]:
        return {"tasks": [task.described(with_tags=True) for task in tasks], "failures": []}

    def _forget_the_old(self) -> None:
        now = self._clock()
        for task in list(self._tasks.values()):
            if task.ended.is_set() and task.ended_at is None:
                task.ended_at = now
            if task.ended_at is not None and now > task.ended_at + ENDED_SECONDS:
                del self._tasks[task.arn]
                self._definitions.withdraw(task)


def _arn(cluster: Mapping[str, Any], named: str) -> str:
    if named.startswith("arn:"):
        return named
    return f"{cluster['clusterArn'].replace(':cluster/', ':task/')}/{named}"


def _capacity_provider(request: Mapping[str, Any], cluster: Mapping[str, Any]) -> str | None:
    """The capacity provider that places the task; None for the launch type FARGATE.

    Raises InvalidParameterError for anything but AWS Fargate.
    """
    strategy, launch_type = request.get("capacityProviderStrategy"), request.get("launchType")
    if strategy and launch_type:
        raise InvalidParameterError(
            "Specifying both a launch type and capacity provider strategy is not supported."
        )
    if not strategy and not launch_type:
        strategy = cluster.get("defaultCapacityProviderStrategy")
    if not strategy:
        if launch_type not in (None, "FARGATE"):
            raise InvalidParameterError(f"Local AWS has no container instances for {launch_type}.")
        return None
    # One task goes where the base is, or else the greatest weight.
    first = max(strategy, key=lambda item: (item.get("base", 0), item.get("weight", 0)))
    name = str(first["capacityProvider"])
    if name not in FARGATE_PROVIDERS or name not in cluster.get("capacityProviders", ()):
        raise InvalidParameterError(
            f"The specified capacity provider '{name}' was not found. Specify a valid name and try again."
        )
    return name
