"""What a container's end means, in the words in which Amazon ECS and Step Functions tell it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from container.ended import CANCELED, FOLLOWED, MOST_STARTS, Ending
from container.objects import Found
from container.stopped_task import StoppedTask

TASK = "0123456789abcdef"
TASK_ARN = f"arn:aws:ecs:us-east-1:111122223333:task/TaskRunner/{TASK}"
NOTHING = Found(begun=False, outcome=None)


def taken(outcome: Any = None, *, by: str = TASK) -> Found:
    return Found(begun=True, outcome=outcome, container=by)


BEGUN = taken()


def stopped(
    stop_code: str = "EssentialContainerExited",
    reason: str = "Essential container in task exited",
    *,
    exit_code: int | None = None,
    container_reason: str | None = None,
) -> str:
    """The cause with which RunTask leaves the container's states: a task as DescribeTasks tells it."""
    container = {"Name": "handler", "ExitCode": exit_code, "Reason": container_reason}
    return json.dumps(
        {"TaskArn": TASK_ARN, "StopCode": stop_code, "StoppedReason": reason, "Containers": [container]}
    )


def judged(found: Found, cause: str, *, error: str = "ContainerStopped", starts: int = 1) -> dict[str, Any]:
    return Ending(error, cause, found, starts, "/ecs/TaskRunner-nightly").judge()


@pytest.mark.parametrize(
    "outcome",
    [
        {"status": "FINISHED"},
        {"status": "FALSE"},
        {"status": "FAILED", "errorId": "CommandFailed", "errorMessage": "exit code 3"},
        {"status": "CANCELED"},
    ],
)
def test_a_container_that_ends_by_itself_has_said_how_the_work_ended(outcome: dict[str, Any]) -> None:
    assert judged(taken(outcome), stopped(exit_code=0)) == outcome


def test_an_outcome_counts_even_if_the_container_was_stopped_right_after_it() -> None:
    found = taken({"status": "FINISHED"})
    assert judged(found, stopped("SpotInterruption"), error="States.TaskFailed") == {"status": "FINISHED"}


@pytest.mark.parametrize(
    ("stop_code", "error_id"),
    [
        ("UserInitiated", "ContainerStopped"),
        ("SpotInterruption", "SpotInterruption"),
        ("TerminationNotice", "SpotInterruption"),
    ],
)
def test_work_that_ended_because_its_container_was_stopped_is_failed(stop_code: str, error_id: str) -> None:
    """The handler takes SIGTERM for a cancellation, but Data Pipeline has canceled nothing."""
    found = taken({"status": "CANCELED"})
    response = judged(found, stopped(stop_code, "in ECS's words", exit_code=0), error="States.TaskFailed")
    assert (response["status"], response["errorId"]) == ("FAILED", error_id)
    assert "in ECS's words" in response["errorMessage"]
    assert "0123456789abcdef" in response["errorMessage"]


@pytest.mark.parametrize("found", [NOTHING, BEGUN, taken({"status": "FINISHED"})])
def test_nothing_is_said_about_a_canceled_task(found: Found) -> None:
    assert judged(found, "Data Pipeline has canceled the task", error=CANCELED) == {"status": "CANCELED"}


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("AmazonECS.Unknown", '{"Failures": [{"Reason": "Capacity is unavailable at this time. Please …"}]}'),
        ("ECS.AmazonECSException", "Capacity is unavailable at this time. Please try again later"),
        ("ECS.AmazonECSException", "Rate exceeded (Service: AmazonECS; Status Code: 400)"),
        (
            "ECS.AmazonECSException",
            "You've reached the limit on the number of tasks you can run concurrently",
        ),
        ("ECS.ClientException", "You’ve reached the limit on the number of vCPUs you can run concurrently."),
        ("ECS.ServerException", "Service Unavailable. Please try again later."),
        ("ECS.SdkClientException", "Unable to execute HTTP request"),
        (
            "States.TaskFailed",
            stopped("TaskFailedToStart", "Timeout waiting for network interface provisioning to complete."),
        ),
        (
            "States.TaskFailed",
            stopped("TaskFailedToStart", "Unexpected EC2 error: InsufficientFreeAddressesInSubnet"),
        ),
        (
            "States.TaskFailed",
            stopped("TaskFailedToStart", "CannotPullContainerError: toomanyrequests: Rate exceeded"),
        ),
        ("States.TaskFailed", stopped("SpotInterruption", "Your Spot Task was interrupted.")),
    ],
)
def test_a_container_that_aws_could_not_start_yet_is_started_later(error: str, cause: str) -> None:
    response = judged(NOTHING, cause, error=error)
    assert response == {"status": "DEFERRED", "state": {"starts": 1}, "waitSeconds": 30}
    # Once the work has begun, it is not begun again.
    assert judged(BEGUN, cause, error=error)["status"] == "FAILED"


def test_waits_grow_with_the_number_of_starts_and_starting_is_given_up_after_days() -> None:
    cause = "Capacity is unavailable at this time."
    waits = [judged(NOTHING, cause, starts=starts)["waitSeconds"] for starts in (1, 2, 3, 4, 599)]
    assert waits == [30, 60, 120, 240, 240]
    given_up = judged(NOTHING, cause, starts=MOST_STARTS)
    assert (given_up["status"], given_up["errorId"]) == ("FAILED", "ContainerNotStarted")
    assert MOST_STARTS * 240 > 36 * 3600


@pytest.mark.parametrize(
    ("error", "cause", "error_id", "words"),
    [
        (
            "States.TaskFailed",
            stopped("TaskFailedToStart", "CannotPullContainerError: pull image manifest: not found"),
            "ContainerNotStarted",
            ["CannotPullContainerError", "assign_public_ip=True", "docs/containers.md"],
        ),
        (
            "States.TaskFailed",
            stopped("TaskFailedToStart", "ResourceInitializationError: failed to validate logger args: …"),
            "ContainerNotStarted",
            ["ResourceInitializationError", "VPC endpoints"],
        ),
        (
            "ECS.AccessDeniedException",
            "User is not authorized to perform: ecs:RunTask",
            "ContainerNotStarted",
            ["ecs:RunTask"],
        ),
        (
            "ECS.AccessDeniedException",
            "User: arn:aws:sts::1:x is not authorized to perform: iam:PassRole on resource: arn:x",
            "ContainerNotStarted",
            ["iam:PassRole"],
        ),
        (
            "States.TaskFailed",
            stopped("TaskFailedToStart", "AccessDeniedException: logs:CreateLogStream on resource: arn:x"),
            "ContainerNotStarted",
            ["logs:CreateLogStream"],
        ),
        ("ECS.ClientException", "TaskDefinition is inactive", "ContainerNotStarted", ["inactive"]),
        (
            "States.TaskFailed",
            stopped(exit_code=137, container_reason="OutOfMemoryError: Container killed due to memory usage"),
            "ContainerOutOfMemory",
            ["137", "memory_mb"],
        ),
        (
            "States.TaskFailed",
            stopped(exit_code=1),
            "ContainerEnded",
            ["exit code 1", "before the work began", "/ecs/TaskRunner-nightly", "0123456789abcdef"],
        ),
        ("ContainerStopped", stopped(exit_code=0), "ContainerEnded", ["exit code 0"]),
        ("States.Timeout", "", "ContainerNotStarted", ["States.Timeout"]),
    ],
)
def test_a_container_that_cannot_start_or_says_nothing_is_failed_with_what_to_do(
    error: str, cause: str, error_id: str, words: list[str]
) -> None:
    response = judged(NOTHING, cause, error=error, starts=3)
    assert (response["status"], response["errorId"]) == ("FAILED", error_id)
    for word in words:
        assert word in response["errorMessage"]


def test_a_container_that_ends_in_the_middle_of_its_work_is_failed() -> None:
    response = judged(BEGUN, stopped(exit_code=1), error="States.TaskFailed")
    assert response["errorId"] == "ContainerEnded"
    assert "after the work had begun" in response["errorMessage"]
    lost = judged(BEGUN, "7 days", error="States.Timeout")
    assert (lost["status"], lost["errorId"]) == ("FAILED", "ContainerEnded")


@pytest.mark.parametrize("outcome", ["FINISHED", [], {}, {"status": "DONE"}, {"status": "DEFERRED"}])
def test_what_is_no_outcome_is_never_taken_for_one(outcome: Any) -> None:
    response = judged(taken(outcome), stopped(exit_code=0))
    assert (response["status"], response["errorId"]) == ("FAILED", "ContainerEnded")


# RunTask waits for one container, and another one has taken the task.


def ending(
    found: Found, cause: str = "", *, error: str = "ContainerStopped", starts: int = 1, looks: int = 0
) -> Ending:
    return Ending(error, cause, found, starts, "/ecs/TaskRunner-nightly", looks)


@pytest.mark.parametrize(
    ("found", "cause", "error", "goes_on"),
    [
        (taken(by="the other"), stopped(exit_code=0), "ContainerStopped", True),
        # Nobody knows yet which of the two takes it.
        (NOTHING, stopped(exit_code=1), "States.TaskFailed", True),
        (NOTHING, "Unable to execute HTTP request", "ECS.SdkClientException", True),
        (BEGUN, "Service Unavailable.", "ECS.ServerException", True),
        (BEGUN, "", FOLLOWED, True),
        # The work has ended. What still runs is one that finds the task taken.
        (BEGUN, stopped(exit_code=137), "States.TaskFailed", False),
        (BEGUN, "Data Pipeline has canceled the task", CANCELED, False),
        (BEGUN, "", "States.Timeout", False),
    ],
)
def test_a_container_that_may_do_the_work_goes_on(
    found: Found, cause: str, error: str, goes_on: bool
) -> None:
    assert ending(found, cause, error=error).may_go_on is goes_on


def test_looks_at_a_container_grow_rare_and_end_before_the_history_is_full() -> None:
    first = ending(BEGUN, error=FOLLOWED).follow().as_response()
    assert first == {
        "status": "DEFERRED",
        "state": {"starts": 1, "looks": 1, "running": True},
        "waitSeconds": 30,
    }
    assert ending(BEGUN, error=FOLLOWED, looks=9).follow().as_response()["waitSeconds"] == 240
    assert ending(BEGUN, error=FOLLOWED, looks=1_400).may_go_on
    assert not ending(BEGUN, error=FOLLOWED, looks=1_600).may_go_on
    assert not ending(BEGUN, error=FOLLOWED, starts=MOST_STARTS - 100, looks=300).may_go_on


def test_the_end_of_the_container_that_did_the_work_counts() -> None:
    """Not that of the one which found the task taken."""
    interrupted = {
        "taskArn": f"arn:aws:ecs:us-east-1:111122223333:task/TaskRunner/{'f' * 32}",
        "stopCode": "SpotInterruption",
        "stoppedReason": "Your Spot Task was interrupted.",
        "containers": [{"name": "handler", "exitCode": 0}],
    }
    for outcome in (None, {"status": "CANCELED"}):  # The handler takes SIGTERM for a cancellation.
        found = taken(outcome, by="f" * 32)
        known = replace(ending(found, stopped(exit_code=0)), taker=StoppedTask.of_description(interrupted))
        assert known.judge()["errorId"] == "SpotInterruption"
        assert ending(found, stopped(exit_code=0)).judge()["errorId"] == "ContainerEnded"


def test_a_followed_container_that_never_began_makes_room_for_another_start() -> None:
    again = ending(NOTHING, error=FOLLOWED, looks=3).judge()
    assert again == {"status": "DEFERRED", "state": {"starts": 1, "looks": 3}, "waitSeconds": 30}


def test_a_followed_container_that_is_gone_without_a_word_is_failed() -> None:
    response = ending(BEGUN, error=FOLLOWED, looks=3).judge()
    assert (response["status"], response["errorId"]) == ("FAILED", "ContainerEnded")
    assert TASK in response["errorMessage"]


@pytest.mark.parametrize(
    ("starts", "exit_code", "status"),
    [(1, 1, "DEFERRED"), (2, 0, "DEFERRED"), (3, 1, "FAILED"), (1, 137, "FAILED")],
)
def test_a_container_that_ended_before_the_work_began_is_started_anew_a_few_times(
    starts: int, exit_code: int, status: str
) -> None:
    cause = stopped(exit_code=exit_code)
    assert judged(NOTHING, cause, error="States.TaskFailed", starts=starts)["status"] == status
    # Once it has begun, it is not begun again.
    assert judged(BEGUN, cause, error="States.TaskFailed", starts=starts)["status"] == "FAILED"


@pytest.mark.parametrize("words", ["InternalError: x", "ServiceUnavailableException", "RESOURCE:MEMORY"])
def test_what_amazon_ecs_may_do_later_is_asked_for_later(words: str) -> None:
    assert judged(NOTHING, words, error="ECS.AmazonECSException")["status"] == "DEFERRED"


def test_the_handlers_own_container_counts_among_others_of_its_task() -> None:
    task = json.loads(stopped(exit_code=3))
    task["Containers"].insert(0, {"Name": "aws-guardduty-agent-x", "ExitCode": 137})
    assert judged(BEGUN, json.dumps(task), error="States.TaskFailed")["errorId"] == "ContainerEnded"
    described = {
        "taskArn": TASK_ARN,
        "containers": [
            {"name": "aws-guardduty-agent-x", "exitCode": 137},
            {"name": "handler", "exitCode": 3},
        ],
    }
    assert StoppedTask.of_description(described).exit_code == 3


def test_a_container_that_had_its_longest_time_was_stopped_by_runtask() -> None:
    taker = StoppedTask(TASK_ARN, "UserInitiated", "RunTask has ended this container.", 143, "")
    ending = Ending("States.Timeout", "", BEGUN, 1, "/ecs/x", taker=taker)
    assert ending.judge()["errorId"] == "HandlerTimeout"
