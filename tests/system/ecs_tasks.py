"""ECS tasks of the deployed stack, through the Amazon ECS API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.system.deployments import STACK, Deployment

_PAGE = 100
"""DescribeTasks takes as many (API Reference)."""


def ecs_tasks(deployment: Deployment, *, of: str = "") -> list[Any]:
    """All that Amazon ECS still knows, with their tags. ``of`` keeps those of a task of this component."""
    found = [task for arns in _pages(deployment) for task in _described(deployment, arns)]
    return [task for task in found if not of or task.get("group", "").startswith(f"{of}-")]


def left(deployment: Deployment, *, of: str = "") -> list[str]:
    """The ARNs of those that have not ended."""
    return [task["taskArn"] for task in ecs_tasks(deployment, of=of) if task["lastStatus"] != "STOPPED"]


def _pages(deployment: Deployment) -> Iterator[list[str]]:
    client = deployment.ecs
    if not client.describe_clusters(clusters=[STACK])["clusters"]:
        return
    for desired in ("RUNNING", "STOPPED"):
        pages = client.get_paginator("list_tasks").paginate(
            cluster=STACK,
            desiredStatus=desired,
            PaginationConfig={"PageSize": _PAGE},
        )
        yield from (page["taskArns"] for page in pages if page["taskArns"])


def _described(deployment: Deployment, arns: list[str]) -> list[Any]:
    return list(deployment.ecs.describe_tasks(cluster=STACK, tasks=arns, include=["TAGS"])["tasks"])
