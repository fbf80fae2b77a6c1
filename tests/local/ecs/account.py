"""Tasks of Amazon ECS in the account of a running local AWS."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from tests.local.iam_account import IamAccount, allow

T = TypeVar("T")
PATIENCE_SECONDS = 20
GROUP = "containers"
TASKS = "ecs-tasks.amazonaws.com"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}}


def eventually(holds: Callable[[], T | None], what: object = "it") -> T:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (result := holds()) is None:
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return result


@dataclass(frozen=True)
class EcsAccount(IamAccount):
    """An account with the cluster ``cluster``."""

    @cached_property
    def ecs(self) -> Any:
        return self.client("ecs")

    @cached_property
    def execution_role(self) -> str:
        return self.role(
            allow("logs:CreateLogStream"), allow("logs:PutLogEvents"), service=TASKS, name="execution"
        )

    def set_up(self) -> None:
        self.ecs.create_cluster(clusterName="cluster", capacityProviders=["FARGATE", "FARGATE_SPOT"], tags=[])
        self.client("logs").create_log_group(logGroupName=GROUP)

    def definition(
        self, *command: str, task_role: str | None = None, memory: str = "512", **members: Any
    ) -> str:
        """Register a task definition with one container, ``main``. Returns its ARN."""
        container = {
            "name": "main",
            "image": "public.ecr.aws/lambda/python:3.13",
            "command": list(command),
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": GROUP,
                    "awslogs-region": "us-east-1",
                    "awslogs-stream-prefix": "task",
                },
            },
        }
        made = self.ecs.register_task_definition(
            family=f"family-{uuid.uuid4().hex[:8]}",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory=memory,
            executionRoleArn=self.execution_role,
            **({"taskRoleArn": task_role} if task_role else {}),
            containerDefinitions=[container | members],
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def run(self, definition: str, **request: Any) -> str:
        """Run a task. Returns its ARN."""
        answer = self.ecs.run_task(**self.request(definition, **request))
        assert not answer["failures"], answer
        return str(answer["tasks"][0]["taskArn"])

    @staticmethod
    def request(definition: str, **more: Any) -> dict[str, Any]:
        return {
            "cluster": "cluster",
            "taskDefinition": definition,
            "launchType": "FARGATE",
            "networkConfiguration": NETWORK,
        } | more

    def task(self, arn: str) -> dict[str, Any]:
        answer = self.ecs.describe_tasks(cluster="cluster", tasks=[arn], include=["TAGS"])
        assert not answer["failures"], answer
        found: dict[str, Any] = answer["tasks"][0]
        return found

    def in_status(self, arn: str, status: str) -> dict[str, Any]:
        """The task, once it has this status."""

        def holds() -> dict[str, Any] | None:
            task = self.task(arn)
            return task if task["lastStatus"] == status else None

        return eventually(holds, f"{arn} is not {status}: {self.task(arn)}")

    def ended(self, arn: str) -> tuple[int | None, str, str]:
        """Exit code, stopCode and stoppedReason of a task, once it is over."""
        task = self.in_status(arn, "STOPPED")
        return task["containers"][0].get("exitCode"), task["stopCode"], task["stoppedReason"]

    def log(self, arn: str, container: str = "main") -> list[str]:
        """The lines in a container's log stream."""
        stream = f"task/{container}/{arn.rpartition('/')[2]}"
        logs = self.client("logs")
        events = logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)["events"]
        return [event["message"] for event in events]

    def first_line(self, arn: str) -> str:
        """The first line of a task's log, once it is there."""
        self.in_status(arn, "RUNNING")
        return eventually(lambda: next(iter(self.log(arn)), None), f"{arn} says nothing")

    def machine(
        self, states: Mapping[str, Any], role: str, *, start_at: str | None = None, **top: Any
    ) -> str:
        """Create a state machine with these states, in JSONata. Returns its ARN."""
        definition = {
            "QueryLanguage": "JSONata",
            "StartAt": start_at or next(iter(states)),
            "States": states,
            **top,
        }
        made = self.client("stepfunctions").create_state_machine(
            name=f"machine-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=role
        )
        return str(made["stateMachineArn"])

    def tasks_started_by(self, started_by: str) -> Sequence[str]:
        """The ARNs of the tasks that are to run."""
        arns: list[str] = self.ecs.list_tasks(cluster="cluster", startedBy=started_by)["taskArns"]
        return arns
