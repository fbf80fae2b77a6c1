"""One PollForTask, and what its answer means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    NoCredentialsError,
    ReadTimeoutError,
)

from poller.loop import PollResult
from runner.outcome import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_datapipeline import DataPipelineClient

_THROTTLES = {"Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded"}
_LONGEST_TASK_ID = 2_048
"""Service model, taskId."""
_CREDENTIALS = {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "MissingAuthenticationTokenException",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
}


class PollingFailed(Exception):
    """Polling cannot go on; the message says what to mend."""


@dataclass(frozen=True)
class Poll:
    """The end of one poll."""

    result: PollResult
    task: Mapping[str, Any] | None = None
    error: str = ""
    advice: str = ""
    fatal: bool = False
    """Whether polling again cannot help."""

    @property
    def answered(self) -> bool:
        """Whether the poll did what it is there for: the service took it."""
        return not self.error


def poll_once(client: DataPipelineClient, *, worker_group: str, hostname: str) -> Poll:
    """Send one PollForTask and judge its answer. Never raises for what the service or the network does."""
    try:
        answer: Mapping[str, Any] = client.poll_for_task(workerGroup=worker_group, hostname=hostname)
    except ReadTimeoutError:
        return Poll(PollResult.ABANDONED)
    except Exception as error:
        return judge(error, worker_group)
    task = answer.get("taskObject")
    # `{}`, `{"taskObject": null}` and an empty body all mean that there is nothing; so does a task that
    # cannot be answered for, because it has no taskId that the service would take.
    if not isinstance(task, dict) or not _is_task_id(task.get("taskId")):
        return Poll(PollResult.EMPTY)
    return Poll(PollResult.TASK, task=task)


def _is_task_id(task_id: object) -> bool:
    return (
        isinstance(task_id, str) and 1 <= len(task_id) <= _LONGEST_TASK_ID and safe_text(task_id) == task_id
    )


def judge(error: Exception, worker_group: str) -> Poll:
    """What a failed poll means: whether another may do better, and what to do if not."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in _THROTTLES or status == 429:
            advice = "PollForTask is throttled: an account has 2 polls a second in a region."
            return Poll(PollResult.THROTTLED, error=code or "Throttled", advice=advice)
        if code in _CREDENTIALS or status in (401, 403):
            return _error(
                code,
                f"PollForTask is refused for worker group '{worker_group}': {error}. The poller's role needs "
                "datapipeline:PollForTask with the condition datapipeline:workerGroup on this name.",
                fatal=True,
            )
        if status >= 500:
            return _error(code, f"PollForTask failed at the service: {error}")
        return _error(
            code,
            f"PollForTask is not accepted for worker group '{worker_group}': {error}. Check the worker "
            "group's name in app.py, and that AWS Data Pipeline exists in this region for this account.",
            fatal=True,
        )
    if isinstance(error, NoCredentialsError):
        return _error("NoCredentials", "The poller has no AWS credentials.", fatal=True)
    if isinstance(error, (BotoCoreError, ConnectTimeoutError, OSError)):
        return _error(type(error).__name__, f"PollForTask did not reach the service: {error}")
    return _error(type(error).__name__, f"PollForTask failed: {error!r}")


def _error(kind: str, advice: str, *, fatal: bool = False) -> Poll:
    return Poll(PollResult.ERROR, error=kind or "Unknown", advice=advice, fatal=fatal)
