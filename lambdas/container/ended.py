"""Decides what a container's end means for its task.

Amazon ECS says why a task stopped by ``stopCode``, ``stoppedReason``, and each container's ``exitCode`` and
``reason`` (developer guide, stopped task errors). Step Functions passes these on (developer guide, ECS).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from container.objects import Found
from runner.outcome import Canceled, Deferred, Failed

CANCELED = "TaskCanceled"
"""RunTask's error for a container whose task is canceled (infra/run_task/run_container.py)."""

NOT_STARTED = "ContainerNotStarted"
"""The errorId of a task whose container could not be started."""

MOST_STARTS = 600
"""40 hours of trying. An execution's history has room for a few more (Step Functions quotas)."""

_LONGEST_WAIT = 240
_KILLED = 137

_STATUSES = ("FINISHED", "FAILED", "FALSE", "CANCELED")

# Amazon ECS words these differently from place to place: RunTask's failures, errors, and stopped reasons.
_TEMPORARY = re.compile(
    r"capacity is (currently )?unavailable|RESOURCE:|rate exceeded|throttl|too ?many ?requests"
    r"|limit on the number of|RequestLimitExceeded|NetworkInterfaceLimitExceeded|InsufficientFreeAddresses"
    r"|network interface provisioning|internal (server )?error|service (is )?unavailable",
    re.IGNORECASE,
)
# Errors of the SDK for Java: the service's own fault, or no answer.
_TEMPORARY_ERRORS = {
    "ECS.ServerException",
    "ECS.LimitExceededException",
    "ECS.SdkClientException",
}
_SPOT = {"SpotInterruption", "TerminationNotice"}
_NETWORK = re.compile(r"CannotPullContainer|ResourceInitializationError|i/o timeout|dial tcp", re.IGNORECASE)


@dataclass(frozen=True)
class StoppedTask:
    """The members of a stopped ECS task that say why it stopped."""

    arn: str
    stop_code: str
    reason: str
    exit_code: int | None
    container_reason: str

    @classmethod
    def of_cause(cls, cause: str) -> StoppedTask | None:
        """The task that RunTask describes in the cause of an error; None if it is another text."""
        try:
            found = json.loads(cause)
        except ValueError:
            return None
        if not isinstance(found, Mapping) or "TaskArn" not in found:
            return None
        containers = found.get("Containers") or [{}]
        return cls(
            arn=str(found["TaskArn"]),
            stop_code=str(found.get("StopCode") or ""),
            reason=str(found.get("StoppedReason") or ""),
            exit_code=containers[0].get("ExitCode"),
            container_reason=str(containers[0].get("Reason") or ""),
        )

    @property
    def id(self) -> str:
        """The last part of the ARN, with which the console and log streams name the task."""
        return self.arn.rpartition("/")[2]

    @property
    def words(self) -> str:
        """What Amazon ECS says about the end."""
        exit_code = "" if self.exit_code is None else f"exit code {self.exit_code}"
        said = [self.stop_code, self.reason, self.container_reason, exit_code]
        return "; ".join(part for part in said if part)


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

    @classmethod
    def of_event(cls, event: Mapping[str, Any], found: Found) -> Ending:
        """What RunTask tells (infra/run_task/run_container.py), and what the container has written."""
        return cls(event["error"], event["cause"], found, event["starts"], event["logGroup"])

    @property
    def stopped(self) -> StoppedTask | None:
        """The stopped ECS task, if one was started."""
        return StoppedTask.of_cause(self.cause)

    def judge(self) -> dict[str, Any]:
        """The outcome, as a handler's function returns it."""
        if self.error == CANCELED:
            return Canceled().as_response()
        stopped, outcome = self.stopped, self.found.outcome
        if isinstance(outcome, Mapping) and outcome.get("status") in _STATUSES:
            by_itself = stopped is not None and stopped.stop_code in ("", "EssentialContainerExited")
            if outcome["status"] != "CANCELED" or by_itself:
                return dict(outcome)
        if not self.found.begun and self._is_temporary() and self.starts < MOST_STARTS:
            wait = min(_LONGEST_WAIT, 15 * 2 ** min(self.starts, 10))
            return Deferred({"starts": self.starts}, wait).as_response()
        return self._failed().as_response()

    def _is_temporary(self) -> bool:
        stopped = self.stopped
        if stopped is None:
            return self.error in _TEMPORARY_ERRORS or bool(_TEMPORARY.search(f"{self.error} {self.cause}"))
        if stopped.stop_code in _SPOT:
            return True
        return stopped.stop_code == "TaskFailedToStart" and bool(_TEMPORARY.search(stopped.words))

    def _failed(self) -> Failed:
        stopped = self.stopped
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


def _advice(words: str) -> str:
    """What to do about a container that could not be started."""
    if _NETWORK.search(words):
        return (
            " The image has to exist, and the container has to reach it and Amazon CloudWatch Logs: give "
            "Container public subnets with assign_public_ip=True, or private ones with a NAT gateway or VPC "
            "endpoints. docs/containers.md, Networks, lists the endpoints."
        )
    return ""
