"""Faults that tests ask for in Amazon ECS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.local.ecs.account import EcsAccount
from tests.local.ecs.test_step_functions import ran, run_task, task_of
from tests.local.fault_control import FaultControl


@pytest.fixture
def faults(aws: EcsAccount) -> Iterator[FaultControl]:
    control = FaultControl(aws.endpoint_url)
    yield control
    control.clear()


REFUSALS = [
    ("error", "ServerException", "ECS.ServerException"),
    ("throttle", "ThrottlingException", "ECS.AmazonECSException"),
    ("deny", "AccessDeniedException", "ECS.AccessDeniedException"),
]


@pytest.mark.parametrize(("kind", "code", "state_error"), REFUSALS)
def test_a_refused_call_starts_nothing(
    aws: EcsAccount, faults: FaultControl, kind: str, code: str, state_error: str
) -> None:
    definition = aws.definition("true")
    family = definition.rpartition("/")[2].partition(":")[0]
    faults.add({"operation": "ECS:RunTask", "kind": kind, "count": 2})
    with pytest.raises(ClientError) as caught:
        aws.run(definition)
    assert caught.value.response["Error"]["Code"] == code
    assert ran(aws, {"Run": run_task(definition)})["error"] == state_error
    assert faults.pending() == []
    for status in ("RUNNING", "STOPPED"):
        assert aws.ecs.list_tasks(cluster="cluster", family=family, desiredStatus=status)["taskArns"] == []


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("capacity", "Capacity is unavailable at this time"),
        ("limit", "You've reached the limit on the number of vCPUs"),
    ],
)
def test_a_task_that_cannot_be_placed_is_a_failure_in_the_answer(
    aws: EcsAccount, faults: FaultControl, kind: str, reason: str
) -> None:
    definition = aws.definition("true")
    faults.add({"operation": "ECS:RunTask", "kind": kind, "count": 2})
    answer = aws.ecs.run_task(**aws.request(definition))
    assert answer["tasks"] == []
    assert reason in answer["failures"][0]["reason"]
    execution = ran(aws, {"Run": run_task(definition)})
    assert execution["error"] == "AmazonECS.Unknown"
    assert reason in execution["cause"]
    faults.add({"operation": "ECS:RunTask", "kind": kind})
    asynchronous = run_task(definition) | {"Resource": "arn:aws:states:::ecs:runTask"}
    execution = ran(aws, {"Run": asynchronous})
    assert execution["status"] == "SUCCEEDED"
    assert reason in execution["output"]


def test_a_lost_answer_starts_a_task_that_the_same_token_finds(aws: EcsAccount, faults: FaultControl) -> None:
    definition = aws.definition("sleep", "0.5")
    faults.add({"operation": "ECS:RunTask", "kind": "drop"})
    with pytest.raises(ConnectionClosedError):
        aws.run(definition, clientToken="lost", startedBy="lost")
    assert [aws.run(definition, clientToken="lost", startedBy="lost")] == list(aws.tasks_started_by("lost"))


def test_a_state_machine_that_loses_the_answer_leaves_its_task_running(
    aws: EcsAccount, faults: FaultControl
) -> None:
    definition = aws.definition("sleep", "600", stopTimeout=2)
    faults.add({"operation": "ECS:RunTask", "kind": "drop"})
    execution = ran(aws, {"Run": run_task(definition)})
    assert execution["error"] == "ECS.SdkClientException"
    left = task_of(aws, definition)
    assert aws.in_status(left, "RUNNING")["startedBy"] == "AWS Step Functions"
    aws.ecs.stop_task(cluster="cluster", task=left)


def test_a_task_can_be_started_twice(aws: EcsAccount, faults: FaultControl) -> None:
    definition = aws.definition("sleep", "0.5")
    faults.add({"operation": "ECS:RunTask", "kind": "twice"})
    arn = aws.run(definition, clientToken="twice", startedBy="twice")
    found = aws.tasks_started_by("twice")
    assert len(found) == 2
    assert arn in found


def test_status_reads_can_fail_and_so_can_stops(aws: EcsAccount, faults: FaultControl) -> None:
    arn = aws.run(aws.definition("sleep", "600", stopTimeout=2))
    for operation in ("DescribeTasks", "StopTask", "ListTasks"):
        faults.add({"operation": f"ECS:{operation}", "kind": "error"})
    calls: list[Any] = [
        lambda: aws.task(arn),
        lambda: aws.ecs.stop_task(cluster="cluster", task=arn),
        lambda: aws.tasks_started_by("nobody"),
    ]
    for call in calls:
        with pytest.raises(ClientError, match="ServerException"):
            call()
    assert aws.task(arn)["desiredStatus"] == "RUNNING"
    aws.ecs.stop_task(cluster="cluster", task=arn)


def test_a_container_can_be_killed_at_a_moment(aws: EcsAccount, faults: FaultControl) -> None:
    faults.add({"operation": "ECS:Container", "kind": "kill", "seconds": 0.5})
    arn = aws.run(aws.definition("sh", "-c", "echo alive; sleep 600"))
    assert aws.ended(arn)[:2] == (137, "EssentialContainerExited")
    assert aws.log(arn) == ["alive"]
    assert "reason" not in aws.task(arn)["containers"][0]


def test_spot_can_take_a_container_back(aws: EcsAccount, faults: FaultControl) -> None:
    faults.add({"operation": "ECS:Container", "kind": "interrupt", "seconds": 0.5})
    command = "trap 'echo told; exit 5' TERM; while :; do sleep 0.05; done"
    arn = aws.run(aws.definition("sh", "-c", command))
    assert aws.ended(arn) == (5, "SpotInterruption", "Your Spot Task was interrupted.")
    assert aws.log(arn) == ["told"]


def test_a_task_can_fail_to_start_for_any_reason(aws: EcsAccount, faults: FaultControl) -> None:
    reason = "ResourceInitializationError: unable to pull secrets or registry auth: i/o timeout"
    faults.add(
        {"operation": "ECS:Container", "kind": "unstartable", "answer": reason},
        {"operation": "ECS:Container", "kind": "unstartable"},
    )
    definition = aws.definition("true")
    assert aws.ended(aws.run(definition)) == (None, "TaskFailedToStart", reason)
    assert aws.ended(aws.run(definition))[2].startswith("Timeout waiting for network interface")


def test_a_task_that_starts_late_is_provisioned_then_pending_and_can_be_stopped(
    aws: EcsAccount, faults: FaultControl
) -> None:
    faults.add({"operation": "ECS:Container", "kind": "delay", "seconds": 3, "count": 2})
    definition = aws.definition("true")
    slow = aws.run(definition)
    assert aws.task(slow)["lastStatus"] == "PROVISIONING"
    aws.in_status(slow, "PENDING")
    assert aws.ended(slow)[0] == 0
    stopped = aws.run(definition)
    aws.ecs.stop_task(cluster="cluster", task=stopped)
    assert aws.ended(stopped) == (None, "UserInitiated", "Task stopped by user")


@pytest.mark.parametrize(
    "fault",
    [
        {"operation": "ECS:RunTask", "kind": "duplicate"},
        {"operation": "ECS:StopTask", "kind": "capacity"},
        {"operation": "ECS:Container", "kind": "drop"},
        {"operation": "PollForTask", "kind": "kill"},
        {"operation": "ECS:CreateCluster", "kind": "error"},
    ],
)
def test_impossible_faults_are_refused(faults: FaultControl, fault: dict[str, Any]) -> None:
    status, answer = faults.send("POST", [fault])
    assert status == 400, answer
