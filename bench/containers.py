"""The least that a task in a container can take on local AWS: a bare container, without the runner."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

from bench.deployed import LocalAws, policy, up
from bench.figures import spread

TASKS = 20
GROUP = "bench-containers"
CLUSTER = "bench"
_LOOK_SECONDS = 0.02
_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Timed:
    """Milliseconds from the call of RunTask until the command runs, and from the command's end to STOPPED."""

    start: float
    end: float


def measure() -> dict[str, Any]:
    """`sh -c 'date +%s.%N'` in a container of its own, one after the other. Takes half a minute."""
    with up("--no-deploy") as aws:
        bare = BareContainers(aws)
        timed = [bare.run() for _ in range(TASKS)]
    return {
        "tasks": TASKS,
        "RunTask to the command's first line, ms": spread([each.start for each in timed]),
        "the command's end to STOPPED, ms": spread([each.end for each in timed]),
    }


class BareContainers:
    """Containers of one task definition, started by RunTask of Amazon ECS."""

    def __init__(self, aws: LocalAws) -> None:
        self._ecs = aws.client("ecs")
        self._logs = aws.client("logs")
        iam = aws.client("iam")
        trust = policy({"Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"})
        role = iam.create_role(RoleName=GROUP, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        logs = policy({"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"})
        iam.put_role_policy(RoleName=GROUP, PolicyName="logs", PolicyDocument=logs)
        self._logs.create_log_group(logGroupName=GROUP)
        self._ecs.create_cluster(clusterName=CLUSTER)
        made = self._ecs.register_task_definition(
            family=GROUP,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            executionRoleArn=role,
            containerDefinitions=[
                {
                    "name": "bare",
                    "image": "public.ecr.aws/lambda/python:3.13",
                    "command": ["date", "+%s.%N"],
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": GROUP,
                            "awslogs-region": "us-east-1",
                            "awslogs-stream-prefix": "bench",
                        },
                    },
                }
            ],
        )
        self._definition = made["taskDefinition"]["taskDefinitionArn"]

    def run(self) -> Timed:
        """Run one container to its end."""
        began = time.time()
        answer = self._ecs.run_task(
            cluster=CLUSTER,
            taskDefinition=self._definition,
            launchType="FARGATE",
            clientToken=uuid.uuid4().hex,
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        )
        arn = answer["tasks"][0]["taskArn"]
        self._until_stopped(arn, began + _PATIENCE_SECONDS)
        stopped = time.time()
        stream = f"bench/bare/{arn.rpartition('/')[2]}"
        events = self._logs.get_log_events(logGroupName=GROUP, logStreamName=stream)["events"]
        ran = float(events[0]["message"])
        return Timed(start=1000 * (ran - began), end=1000 * (stopped - ran))

    def _until_stopped(self, arn: str, deadline: float) -> None:
        while True:
            (task,) = self._ecs.describe_tasks(cluster=CLUSTER, tasks=[arn])["tasks"]
            if task["lastStatus"] == "STOPPED":
                return
            if time.time() > deadline:
                raise TimeoutError(f"{arn} is still {task['lastStatus']}")
            time.sleep(_LOOK_SECONDS)
