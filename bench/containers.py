"""What a task in a container takes on local AWS, beside the least: a bare container, without the runner."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.deployed import STACK, LocalAws, policy, up
from bench.figures import spread

TASKS = 20
APP = Path(__file__).parent / "containers_app"
LOG = f"/ecs/{STACK}-ShellCommandActivity"
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
    """`date +%s.%N` in a container of its own, one after the other: alone, and as a task. Takes minutes."""
    with up("--no-deploy") as aws:
        bare = BareContainers(aws)
        alone = [bare.run() for _ in range(TASKS)]
    with up(app=APP) as aws:
        tasks = [_task(aws, number) for number in range(TASKS)]
    return {
        "tasks": TASKS,
        "RunTask to the command's first line, ms": spread([each.start for each in alone]),
        "the command's end to STOPPED, ms": spread([each.end for each in alone]),
        "with the runner: RunTask to the command's first line, ms": spread([each.start for each in tasks]),
        "with the runner: the command's end to the task's status, ms": spread([each.end for each in tasks]),
    }


def _task(aws: LocalAws, number: int) -> Timed:
    """Run one ShellCommandActivity to its end."""
    client, states = aws.client("datapipeline"), aws.client("stepfunctions")
    name = f"Bench{number}"
    pipeline = client.create_pipeline(name=name, uniqueId=name)["pipelineId"]
    default = {"scheduleType": "ondemand", "workerGroup": "default"}
    objects = {"Default": default, name: {"type": "ShellCommandActivity", "command": "date +%s.%N"}}
    client.put_pipeline_definition(
        pipelineId=pipeline,
        pipelineObjects=[
            {"id": id_, "name": id_, "fields": [{"key": k, "stringValue": v} for k, v in fields.items()]}
            for id_, fields in objects.items()
        ],
    )
    client.activate_pipeline(pipelineId=pipeline)
    history = history_of(states, name)
    scheduled = [event for event in history if event["type"] == "TaskScheduled"]
    (start,) = (event for event in scheduled if "runTask" in event["taskScheduledEventDetails"]["resource"])
    status = scheduled[-1]  # SetTaskStatus
    events = aws.client("logs").filter_log_events(logGroupName=LOG, filterPattern=f'"@{name}_"')["events"]
    lines = [json.loads(event["message"]) for event in events]
    ran = next(float(line["message"]) for line in lines if line.get("stream") == "stdout")
    return Timed(
        start=1000 * (ran - start["timestamp"].timestamp()),
        end=1000 * (status["timestamp"].timestamp() - ran),
    )


def history_of(states: Any, name: str, *, patience: float = _PATIENCE_SECONDS) -> list[Any]:
    """The history of the only execution for this component, once it has ended."""
    (arn,) = (
        machine["stateMachineArn"]
        for machine in states.list_state_machines()["stateMachines"]
        if machine["name"].endswith("-RunTask")
    )
    deadline = time.monotonic() + patience
    while True:
        for execution in states.list_executions(stateMachineArn=arn)["executions"]:
            if execution["name"].startswith(f"{name}-") and execution["status"] != "RUNNING":
                found = states.get_execution_history(executionArn=execution["executionArn"], maxResults=1000)
                return list(found["events"])
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} has not ended")
        time.sleep(0.2)


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
