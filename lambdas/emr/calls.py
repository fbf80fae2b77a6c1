"""Calls to EMR, and what their errors mean.

A call that changes something is sent once: EMR has no client token, and botocore would repeat it after a
read timeout, although it may have been carried out. And it is sent early in an invocation or not at all: the
next one, which looks for what it did, begins 60 s after this one was lost, and this one may run on unseen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from runner import clients
from runner.outcome import TaskFailed

if TYPE_CHECKING:
    from mypy_boto3_emr import EMRClient

_FINAL = {"AccessDeniedException", "InvalidRequestException", "ValidationException"} | {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
}
_FULL = re.compile(r"Maximum number of active steps", re.IGNORECASE)
_ENDED = re.compile(r"shutting down|terminated|finished", re.IGNORECASE)


_SECONDS = 15.0
"""With the client's timeouts (5 s to connect, 30 s to answer), a call ends before the next invocation."""


class TooLateError(Exception):
    """It is too late in this invocation to change something. The next one may do so."""


class Changes:
    """The calls AddJobFlowSteps and RunJobFlow of an invocation that begins now."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._until = clock, clock() + _SECONDS

    def client(self) -> EMRClient:
        """For one call, now. Raises TooLateError."""
        if self._clock() > self._until:
            raise TooLateError
        return clients.emr(repeated=False)


def reading() -> EMRClient:
    """For calls that change nothing, and for those that may be repeated: CancelSteps, TerminateJobFlows."""
    return clients.emr(repeated=True)


def queue_is_full(error: Exception) -> bool:
    """Whether a step was refused because 256 steps are pending or running (EMR management guide)."""
    return clients.aws_error_code(error) == "ValidationException" and bool(_FULL.search(str(error)))


def cluster_has_ended(error: Exception) -> bool:
    """Whether a step was refused because the cluster terminates or has terminated."""
    return clients.aws_error_code(error) == "ValidationException" and bool(_ENDED.search(str(error)))


def is_final(error: Exception) -> bool:
    """Whether the same call would fail again. Throttling, EMR's own errors and lost answers pass."""
    return clients.aws_error_code(error) in _FINAL


def refused(error: Exception) -> TaskFailed:
    """EMR refused a call for good."""
    if cluster_has_ended(error):
        return TaskFailed(f"The cluster takes no more steps: {error}.", error_id="ClusterTerminated")
    return TaskFailed(
        f"Amazon EMR refuses: {error}. The handler may use what its emr(...) in app.py names.",
        error_id="EmrRefused",
    )
