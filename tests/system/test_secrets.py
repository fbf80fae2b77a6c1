"""Secrets reach the handler and nothing else: no state, history, log, metric or error message.

Each task has a canary in a secret field, and a command that prints it. Afterwards, everything that the stack
and the service keep is searched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local.directories import open_directory
from tests.system.container_faults import BOXED
from tests.system.deployments import STACK, Deployment, eventually
from tests.system.ecs_tasks import ecs_tasks
from tests.system.executions import POLL_LOOP, RUN_TASK, executions
from tests.system.faults import happened, tick
from tests.system.pipelines import Pipeline, shell

CANARY = 'canary-7f3a"pass\\word'
"""It contains characters that JSON escapes."""
TRACE = "canary-7f3a"

# What the command does after it has printed the canary, and how its task ends.
PATHS = {
    "succeeds": ("true", "FINISHED"),
    "fails": ("exit 7", "FAILED"),
    # The handler's own process ends, as when it needs more memory than it has.
    "crashes": ("kill -9 $PPID; sleep 5", "FAILED"),
    "oversize": ("true", "FINISHED"),
    "canceled": ("touch {started}; sleep 600", "CANCELED"),
    "boxed-succeeds": ("true", "FINISHED"),
    "boxed-fails": ("exit 7", "FAILED"),
    "boxed-crashes": ("kill -9 $PPID; sleep 5", "FAILED"),
}
"""Those whose names begin with "boxed" run in containers."""
LARGE = {
    "id": "Large",
    "fields": [{"key": f"my{number}", "stringValue": "y" * 7_500} for number in range(40)],
}


def field(key: str, value: str) -> dict[str, str]:
    return {"key": key, "stringValue": value}


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with open_directory("secrets-") as made:
        yield made


@pytest.fixture(scope="module")
def ended(faulty_deployment: Deployment, directory: Path) -> Deployment:
    """Every task has run from its answer to PollForTask to its end."""
    faulty_deployment.faults.clear()
    password, started = directory / "password", directory / "started"
    password.write_text(CANARY)
    pipelines: dict[str, Pipeline] = {}
    task: dict[str, Any]
    for name, (then, _) in PATHS.items():
        component = f"Secret-{name}"
        pipelines[name] = Pipeline.activated(
            faulty_deployment, {component: shell("true")}, worker_group=component
        )
        task = {**faulty_deployment.datapipeline.poll_for_task(workerGroup=component)["taskObject"]}
        _with_secrets(task, f"cat {password} {password} >&2; cat {password}; " + then.format(started=started))
        if name == "oversize":
            task["objects"]["Large"] = LARGE
        if name.startswith(BOXED):
            task["objects"][task["attemptId"]]["fields"].append(field("myHandler", BOXED))
        answer = {"operation": "PollForTask", "kind": "answer", "answer": {"taskObject": task}}
        faulty_deployment.faults.add(answer)
        tick(faulty_deployment)
        happened(faulty_deployment)
    eventually(lambda: started.exists() or None, "the command to cancel was not started")
    (instance,) = pipelines["canceled"].runs("INSTANCE", "Secret-canceled")
    faulty_deployment.datapipeline.set_status(
        pipelineId=pipelines["canceled"].id, objectIds=[instance.id], status="TRY_CANCEL"
    )
    for name, (_, status) in PATHS.items():
        pipelines[name].ended(f"Secret-{name}", status)
        eventually(partial(_over, faulty_deployment, f"Secret-{name}"), f"{name} goes on")
    return faulty_deployment


def _with_secrets(task: dict[str, Any], command: str) -> None:
    """The canary is in a secret field of the attempt, and of an object that it refers to."""
    attempt = task["objects"][task["attemptId"]]
    others = [field for field in attempt["fields"] if field["key"] != "command"]
    attempt["fields"] = [
        *others,
        field("command", command),
        field("*password", CANARY),
        {"key": "database", "refValue": "Database"},
    ]
    task["objects"]["Database"] = {"id": "Database", "fields": [field("*password", CANARY)]}


def _over(deployment: Deployment, component: str) -> bool | None:
    statuses = executions(deployment, RUN_TASK, of=component).values()
    return (bool(statuses) and "RUNNING" not in statuses) or None


def test_the_canary_reached_the_handlers(ended: Deployment) -> None:
    """The handlers redacted what was printed, for which they had to know the canary."""
    for route, paths in (("ShellCommandActivity", 5), (BOXED, 3)):
        lines = [text for where, text in _logs(ended) if where.endswith(f"-{route}") and "***" in text]
        assert len(lines) >= paths - 1


def test_the_canary_is_nowhere_but_in_the_claims(ended: Deployment) -> None:
    described = [*_containers(ended), *_attempts(ended), *_queues(ended)]
    places = [*_executions(ended), *_logs(ended), *_metrics(ended), *described]
    assert len(places) > 100
    assert any(where.startswith("container") for where, _ in places)
    assert sorted({where for where, text in places if TRACE in text}) == []


def test_of_all_buckets_the_canary_is_in_the_private_encrypted_claims_alone(ended: Deployment) -> None:
    found = set()
    for bucket in ended.s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        for page in ended.s3.get_paginator("list_objects_v2").paginate(Bucket=name):
            for stored in page.get("Contents", []):
                if TRACE.encode() in ended.s3.get_object(Bucket=name, Key=stored["Key"])["Body"].read():
                    assert stored["Key"].startswith("claims/")
                    found.add(name)
    (claims,) = found
    assert ended.s3.get_bucket_encryption(Bucket=claims)["ServerSideEncryptionConfiguration"]["Rules"]
    access = ended.s3.get_public_access_block(Bucket=claims)["PublicAccessBlockConfiguration"]
    assert set(access.values()) == {True}


def _executions(deployment: Deployment) -> Iterator[tuple[str, str]]:
    client = deployment.stepfunctions
    for machine in (RUN_TASK, POLL_LOOP):
        for arn in executions(deployment, machine):
            yield arn, json.dumps(client.describe_execution(executionArn=arn), default=str)
            for page in client.get_paginator("get_execution_history").paginate(executionArn=arn):
                yield arn, json.dumps(page["events"], default=str)


def _logs(deployment: Deployment) -> Iterator[tuple[str, str]]:
    for page in deployment.logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            for events in deployment.logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                yield from ((name, event["message"]) for event in events["events"])


def _containers(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """What Amazon ECS says about tasks, with their overrides, and about task definitions; all tags."""
    ecs = deployment.ecs
    for task in ecs_tasks(deployment):
        tags = ecs.list_tags_for_resource(resourceArn=task["taskArn"])["tags"]
        yield "container", json.dumps([task, tags], default=str)
    for arn in ecs.list_task_definitions()["taskDefinitionArns"]:
        found = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        yield "container's definition", json.dumps([found["taskDefinition"], found.get("tags")], default=str)


def _metrics(deployment: Deployment) -> Iterator[tuple[str, str]]:
    for page in deployment.cloudwatch.get_paginator("list_metrics").paginate():
        yield from (("metrics", json.dumps(metric)) for metric in page["Metrics"])


def _attempts(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """What the service says about the attempts, including the errors reported to it."""
    client = deployment.datapipeline
    for page in client.get_paginator("list_pipelines").paginate():
        for pipeline in page["pipelineIdList"]:
            ids = client.query_objects(pipelineId=pipeline["id"], sphere="ATTEMPT")["ids"]
            for start in range(0, len(ids), 25):
                answer = client.describe_objects(pipelineId=pipeline["id"], objectIds=ids[start : start + 25])
                yield from ((found["id"], json.dumps(found)) for found in answer["pipelineObjects"])


def _queues(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Dead letters, as far as queues for them exist."""
    client = deployment.sqs
    for url in client.list_queues(QueueNamePrefix=STACK).get("QueueUrls", []):
        received = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        yield from ((url, json.dumps(message)) for message in received.get("Messages", []))
