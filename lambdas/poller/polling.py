"""Sends one PollForTask, and interprets its answer."""

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
"""Characters (service model, taskId)."""
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
    """Polling cannot go on. The message says what to fix."""


@dataclass(frozen=True)
class Poll:
    """How one poll ended."""

    result: PollResult
    task: Mapping[str, Any] | None = None
    error: str = ""
    advice: str = ""
    fatal: bool = False
    """Whether more polls cannot help."""

    @property
    def answered(self) -> bool:
        """Whether the service accepted the poll."""
        return not self.error


def poll_once(client: DataPipelineClient, *, worker_group: str, hostname: str) -> Poll:
    """Send one PollForTask and interpret its answer. No error of the service or the network is raised."""
    try:
        answer: Mapping[str, Any] = client.poll_for_task(workerGroup=worker_group, hostname=hostname)
    except ReadTimeoutError:
        return Poll(PollResult.ABANDONED)
    except Exception as error:
        return judge(error, worker_group)
    task = answer.get("taskObject")
    # `{}`, `{"taskObject": null}` and an empty body all mean that there is no task. So does a task without a
    # taskId that the service would accept: its status could never be reported.
    if not isinstance(task, dict) or not _is_task_id(task.get("taskId")):
        return Poll(PollResult.EMPTY)
    return Poll(PollResult.TASK, task=task)


def _is_task_id(task_id: object) -> bool:
    return (
        isinstance(task_id, str) and 1 <= len(task_id) <= _LONGEST_TASK_ID and safe_text(task_id) == task_id
    )


def judge(error: Exception, worker_group: str) -> Poll:
    """Interpret a failed poll: may the next one succeed, and if not, what has to be done?"""
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
