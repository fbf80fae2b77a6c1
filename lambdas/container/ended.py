"""Decides what a container's end means for its task."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from container.objects import Found
from container.stopped_task import StoppedTask
from runner.outcome import STATUSES, Canceled, Deferred, Failed

CANCELED = "TaskCanceled"
"""RunTask's error for a container whose task is canceled (infra/run_task/run_container.py)."""

FOLLOWED = "ContainerFollowed"
"""RunTask's error for a container that ``Ending.follow`` has put off."""

_TIMED_OUT = "States.Timeout"

NOT_STARTED = "ContainerNotStarted"
"""The errorId of a task whose container could not be started."""

MOST_STARTS = 600
"""40 hours of trying."""
_EVENTS = 24_000
"""What of an execution's history, 25,000 events (Step Functions quotas), starts and looks may take."""
_EVENTS_OF_A_START = _EVENTS // MOST_STARTS
_EVENTS_OF_A_LOOK = 16
"""Entered, scheduled, started, succeeded and exited for two calls; entered and exited for two choices and a
wait."""

_LONGEST_WAIT = 240
_KILLED = 137

_ENDS = {*STATUSES} - {"DEFERRED"}

# Amazon ECS words these differently from place to place: RunTask's failures, errors, and stopped reasons.
_TEMPORARY = re.compile(
    # Of instances' resources, "RESOURCE:MEMORY". Errors of IAM have "on resource: arn".
    r"capacity is (currently )?unavailable|(?-i:RESOURCE:)\w|rate exceeded|throttl|too ?many ?requests"
    r"|limit on the number of|RequestLimitExceeded|NetworkInterfaceLimitExceeded|InsufficientFreeAddresses"
    r"|network interface provisioning|internal ?(server ?)?error|service ?(is )?unavailable",
    re.IGNORECASE,
)
_DENIED = re.compile(r"AccessDenied|not authorized", re.IGNORECASE)
_FRESH_STARTS = 3
"""A container that ended before the work began is started so often in all: it may have met a deployment that
took its code's place, or a moment without Amazon S3."""
# Errors of the SDK for Java: the service's own fault, or no answer.
_TEMPORARY_ERRORS = {
    FOLLOWED,  # It is gone, and had not begun.
    "ECS.ServerException",
    "ECS.LimitExceededException",
    "ECS.SdkClientException",
}
_SPOT = {"SpotInterruption", "TerminationNotice"}
_NETWORK = re.compile(r"CannotPullContainer|ResourceInitializationError|i/o timeout|dial tcp", re.IGNORECASE)


@dataclass(frozen=True)
class Ending:
    """All that is known when a container has ended, or could not be started."""

    error: str
    """The error with which RunTask left the container's states."""
    cause: str
    found: Found
    """What the container has written."""
    starts: int
    """How many containers RunTask has tried to start for this task."""
    log_group: str
    looks: int = 0
    """How often RunTask has looked at containers that it followed."""
    taker: StoppedTask | None = None
    """The container that had taken the task, if it is not the one that RunTask waited for."""

    @classmethod
    def of_event(cls, event: Mapping[str, Any], found: Found) -> Ending:
        """What RunTask tells (infra/run_task/run_container.py), and what the container has written."""
        return cls(
            event["error"], event["cause"], found, event["starts"], event["logGroup"], event.get("looks", 0)
        )

    @property
    def stopped(self) -> StoppedTask | None:
        """The stopped ECS task that counts, if one was started."""
        return self.taker or StoppedTask.of_cause(self.cause)

    @property
    def taker_ended(self) -> bool:
        """Whether what stopped is the container that had taken the task."""
        return self.stopped is not None and self.stopped.id == self.found.container

    @property
    def may_go_on(self) -> bool:
        """Whether a container of the task that still runs is to go on.

        RunTask has lost sight of it: the answer to its start was lost, or two were started, and RunTask
        waited for the one that found the task taken.
        """
        unwanted = self.error in (CANCELED, _TIMED_OUT)
        return not unwanted and not self.taker_ended and self._has_room

    def follow(self) -> Deferred:
        """Let RunTask look again later at a container that goes on."""
        looks = self.looks + 1
        return Deferred({"starts": self.starts, "looks": looks, "running": True}, _wait_seconds(looks))

    def judge(self) -> dict[str, Any]:
        """The outcome, as a handler's function returns it."""
        if self.error == CANCELED:
            return Canceled().as_response()
        outcome = self.found.outcome
        if (
            isinstance(outcome, Mapping)
            and outcome.get("status") in _ENDS
            and (outcome["status"] != "CANCELED" or self._taker_ended_by_itself)
        ):
            return dict(outcome)
        if not self.found.begun and self._is_temporary() and self._has_room:
            looks = {"looks": self.looks} if self.looks else {}
            return Deferred({"starts": self.starts, **looks}, _wait_seconds(self.starts)).as_response()
        return self._failed().as_response()

    @property
    def _taker_ended_by_itself(self) -> bool:
        """Whether nobody sent it the SIGTERM that a handler takes for a cancellation."""
        stopped = self.stopped
        return (
            stopped is not None and self.taker_ended and stopped.stop_code in ("", "EssentialContainerExited")
        )

    @property
    def _has_room(self) -> bool:
        return self.starts * _EVENTS_OF_A_START + self.looks * _EVENTS_OF_A_LOOK < _EVENTS

    def _is_temporary(self) -> bool:
        """Whether another start may succeed. Nothing has been done for the task yet."""
        stopped = self.stopped
        if _DENIED.search(f"{self.error} {self.cause}"):
            return False
        if stopped is None:
            return self.error in _TEMPORARY_ERRORS or bool(_TEMPORARY.search(f"{self.error} {self.cause}"))
        if stopped.stop_code in _SPOT:
            return True
        if stopped.stop_code == "EssentialContainerExited":
            return self.starts < _FRESH_STARTS and stopped.exit_code != _KILLED
        return stopped.stop_code == "TaskFailedToStart" and bool(_TEMPORARY.search(stopped.words))

    def _failed(self) -> Failed:
        stopped = self.stopped
        if stopped is None and self.found.begun and self.error == FOLLOWED:
            return Failed(
                "ContainerEnded",
                f"The container {self.found.container} ended without an outcome, after the work had begun, "
                f"and Amazon ECS no longer says why. Its log is in {self.log_group}.",
            )
        if stopped is None and self.found.begun:
            return Failed(
                "ContainerEnded", f"RunTask ended the container: {self.error}: {self.cause[:4_000]}"
            )
        if stopped is None:
            return Failed(
                NOT_STARTED,
                f"The container could not be started: {self.error}: {self.cause[:4_000]}"
                f"{_advice(self.cause)}",
            )
        where = f"ECS task {stopped.id}: {stopped.words}."
        if self.error == _TIMED_OUT:
            return Failed(
                "HandlerTimeout", f"RunTask stopped the container after the longest time it has. {where}"
            )
        if stopped.stop_code in _SPOT:
            return Failed(
                "SpotInterruption",
                f"AWS took the container's Spot capacity back, which ended the work. {where} Let the "
                "activity be retried (maximumRetries), or give Container spot=False.",
            )
        if stopped.stop_code == "UserInitiated":
            return Failed("ContainerStopped", f"Somebody stopped the container. {where}")
        if stopped.stop_code == "TaskFailedToStart":
            return Failed(NOT_STARTED, f"The container could not be started. {where}{_advice(stopped.words)}")
        if stopped.exit_code == _KILLED or "OutOfMemory" in stopped.container_reason:
            return Failed(
                "ContainerOutOfMemory",
                f"The container was killed, mostly because it used up its memory. {where} memory_mb of "
                "Container in app.py gives it more.",
            )
        began = "after the work had begun" if self.found.begun else "before the work began"
        return Failed(
            "ContainerEnded",
            f"The container ended without an outcome, {began}. {where} Its log is in {self.log_group}, in "
            f"the stream that ends with {stopped.id}.",
        )


def _wait_seconds(number: int) -> int:
    """30 s, then twice as long each time, up to 240."""
    return min(_LONGEST_WAIT, 15 << min(number, 10))


def _advice(words: str) -> str:
    """What to do about a container that could not be started."""
    if _NETWORK.search(words):
        return (
            " The image has to exist, and the container has to reach it and Amazon CloudWatch Logs: give "
            "Container public subnets with assign_public_ip=True, or private ones with a NAT gateway or VPC "
            "endpoints. docs/containers.md, Networks, lists the endpoints."
        )
    return ""
