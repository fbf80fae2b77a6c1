"""The operations on tasks with a clock of the test's own, and what a task definition becomes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.validate import ParamValidator

from local.ecs.errors import ClientError, ConflictError, InvalidParameterError
from local.ecs.image import why_no_image
from local.ecs.memory import largest_beyond
from local.ecs.plan import task_plan
from local.ecs.task import Task
from local.ecs.tasks import Tasks
from local.json_service import service_model
from tests.local.ecs.account import NETWORK

HOUR = 3600
PLACE = "arn:aws:ecs:us-east-1:000000000000"
CLUSTER = {"clusterArn": f"{PLACE}:cluster/c", "clusterName": "c", "capacityProviders": ["FARGATE"]}
DEFINITION: dict[str, Any] = {
    "taskDefinitionArn": f"{PLACE}:task-definition/f:3",
    "family": "f",
    "revision": 3,
    "status": "ACTIVE",
    "networkMode": "awsvpc",
    "cpu": "512",
    "memory": "2 GB",
    "taskRoleArn": "role",
    "containerDefinitions": [
        {"name": "main", "image": "i", "entryPoint": ["e"], "command": ["c"], "memory": 100},
    ],
}


class Account:
    """Clusters and task definitions, as ministack would have them."""

    def cluster(self, named: str) -> Mapping[str, Any] | None:
        return CLUSTER if named in ("c", CLUSTER["clusterArn"]) else None

    def task_definition(self, named: str) -> Mapping[str, Any] | None:
        return DEFINITION if named == "f" else None

    def definition_tags(self, arn: str) -> list[dict[str, str]]:
        assert arn == DEFINITION["taskDefinitionArn"]
        return [{"key": "of", "value": "the definition"}, {"key": "both", "value": "definition"}]

    def publish(self, task: Task) -> None: ...
    def withdraw(self, task: Task) -> None: ...

    def tags(self, task: Task) -> list[dict[str, str]]:
        found: list[dict[str, str]] = task.record["tags"]
        return found


class Service(Tasks):
    """Tasks that start and end only if the test says so, at the time that it says."""

    def __init__(self) -> None:
        self.now = 0.0
        self.started: list[Task] = []
        super().__init__(Account(), run=self.started.append, clock=lambda: self.now, region="us-east-1")

    def start(self, **request: Any) -> dict[str, Any]:
        answer = self.call(
            "RunTask", {"cluster": "c", "taskDefinition": "f", "networkConfiguration": NETWORK, **request}
        )
        (task,) = answer["tasks"]
        found: dict[str, Any] = task
        return found

    def end(self, number: int = -1) -> None:
        self.started[number].stop("UserInitiated", "")
        self.started[number].over()
        self.call("ListTasks", {"cluster": "c"})

    def reasons(self, arn: str) -> list[str]:
        failures = self.call("DescribeTasks", {"cluster": "c", "tasks": [arn]})["failures"]
        return [failure["reason"] for failure in failures]


@pytest.fixture
def service() -> Service:
    async def make() -> Service:
        return Service()

    return asyncio.run(make())


def test_a_stopped_task_is_described_for_an_hour(service: Service) -> None:
    arn = service.start()["taskArn"]
    service.now = 5 * HOUR
    assert service.reasons(arn) == []
    service.end()
    service.now += HOUR
    assert service.reasons(arn) == []
    service.now += 1
    assert service.reasons(arn) == ["MISSING"]
    assert service.call("ListTasks", {"cluster": "c", "desiredStatus": "STOPPED"})["taskArns"] == []


def test_a_client_token_lasts_for_a_day_or_until_an_hour_after_the_end(service: Service) -> None:
    first = service.start(clientToken="t")["taskArn"]
    service.now = 24 * HOUR
    assert service.start(clientToken="t")["taskArn"] == first
    service.now += 1
    second = service.start(clientToken="t")["taskArn"]
    assert second != first
    service.end()
    service.now += HOUR
    assert service.start(clientToken="t")["taskArn"] == second
    service.now += 1
    assert service.start(clientToken="t")["taskArn"] != second
    assert len(service.started) == 3


def test_a_client_token_stands_for_one_request(service: Service) -> None:
    service.start(clientToken="t", group="a")
    with pytest.raises(ConflictError):
        service.start(clientToken="t", group="b")
    service.start(clientToken="u", group="b")


def test_a_task_takes_the_tags_of_its_definition_if_asked(service: Service) -> None:
    given = [{"key": "both", "value": "request"}]
    assert service.start(tags=given)["tags"] == given
    task = service.start(tags=given, propagateTags="TASK_DEFINITION", enableECSManagedTags=True)
    assert {tag["key"]: tag["value"] for tag in task["tags"]} == {
        "of": "the definition",
        "both": "request",
        "aws:ecs:clusterName": "c",
    }


def test_answers_are_those_of_the_model(service: Service) -> None:
    request = {"cluster": "c", "taskDefinition": "f", "networkConfiguration": NETWORK, "startedBy": "me"}
    started = service.call("RunTask", {**request, "tags": [{"key": "a", "value": "b"}]})
    check("RunTask", started)
    (task,) = service.started
    task.pull()
    task.run()
    described = {"cluster": "c", "tasks": [task.arn, "f" * 32], "include": ["TAGS"]}
    check("DescribeTasks", service.call("DescribeTasks", described))
    check("StopTask", service.call("StopTask", {"cluster": "c", "task": task.arn, "reason": "why"}))
    task.container("main").update(exitCode=137, reason="OutOfMemoryError")
    task.over()
    check("DescribeTasks", service.call("DescribeTasks", described))
    check("ListTasks", service.call("ListTasks", {"cluster": "c"}))


def check(operation: str, answer: dict[str, Any]) -> None:
    """An answer has only the members of the model, with values of their types."""
    shape = service_model("ecs").operation_model(operation).output_shape
    assert shape is not None
    problems = ParamValidator().validate(answer, shape)
    assert not problems.has_errors(), problems.generate_report()


def test_tasks_are_listed_in_pages(service: Service) -> None:
    arns = [service.start(startedBy="me")["taskArn"] for _ in range(5)]
    found: list[str] = []
    request: dict[str, Any] = {"cluster": "c", "startedBy": "me", "maxResults": 2}
    while True:
        answer = service.call("ListTasks", request)
        found += answer["taskArns"]
        if "nextToken" not in answer:
            break
        request["nextToken"] = answer["nextToken"]
    assert found == arns


def test_a_plan_applies_overrides_to_the_definition() -> None:
    plan = task_plan(DEFINITION, {})
    assert (plan.memory_mb, plan.cpu, plan.roles) == (2048, "512", ["role"])
    (container,) = plan.containers
    assert (container.argv, container.memory_mb, container.stop_timeout_seconds) == (("e", "c"), 100, 30)
    given = {
        "cpu": "1024",
        "memory": "4096",
        "taskRoleArn": "other",
        "ephemeralStorage": {"sizeInGiB": 50},
        "containerOverrides": [
            {
                "name": "main",
                "command": ["d"],
                "memory": 200,
                "environment": [{"name": "A", "value": "1"}],
            }
        ],
    }
    plan = task_plan(DEFINITION, given)
    assert (plan.memory_mb, plan.cpu, plan.roles, plan.ephemeral_gib) == (4096, "1024", ["other"], 50)
    (container,) = plan.containers
    assert (container.argv, container.memory_mb) == (("e", "d"), 200)
    assert container.environment == {"A": "1"}


def test_an_inactive_definition_and_an_unknown_container_are_refused() -> None:
    with pytest.raises(ClientError, match="inactive"):
        task_plan(DEFINITION | {"status": "INACTIVE"}, {})
    with pytest.raises(InvalidParameterError, match="other"):
        task_plan(DEFINITION, {"containerOverrides": [{"name": "other"}]})


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("public.ecr.aws/lambda/python:3.13", None),
        ("busybox", None),
        ("000000000000.dkr.ecr.us-east-1.amazonaws.com/mine@sha256:" + "a" * 64, None),
        ("localhost:5000/mine:latest", None),
        ("registry.invalid/mine", "not found"),
        ("registry.invalid:443/mine:1", "not found"),
        ("Upper/Case", "invalid reference format"),
        ("", "invalid reference format"),
    ],
)
def test_images_that_can_be_pulled(image: str, reason: str | None) -> None:
    why = why_no_image(image)
    assert (why is None) if reason is None else (why is not None and reason in why)


def test_the_largest_process_is_beyond_the_limit_of_all() -> None:
    used = {1: 10.0, 2: 300.0, 3: 20.0}
    assert largest_beyond(used, 329) == 2
    assert largest_beyond(used, 330) is None
    assert largest_beyond(used, None) is None
    assert largest_beyond({}, 0) is None
