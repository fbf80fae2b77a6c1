"""The outcome of a task: the handler's return value, which RunTask reads.

The limits are the service's: SetTaskStatus takes an errorId that does not start with ``Service_``
(API Reference, SetTaskStatus) and an errorStackTrace of 1,024 characters (the service model; the API page
says 4,095, and the smaller is safe under both readings).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

MAX_ERROR_ID = 1024
MAX_ERROR_MESSAGE = 10_000
MAX_STACK_TRACE = 1024
MAX_STATE_BYTES = 100_000
STATUSES = ("FINISHED", "FAILED", "FALSE", "DEFERRED", "CANCELED")
"""What a handler's return value may have as its status (infra/run_task/outcome.jsonata)."""

# The service model's character class: no control characters except TAB, LF and CR, no lone surrogates.
_REFUSED_CHARACTERS = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class TaskFailed(Exception):
    """Raise it to fail the task with an ``errorId`` of your choice.

    Any other exception fails the task as well, with the exception's class name as errorId.
    """

    def __init__(self, message: str, *, error_id: str = "TaskFailed") -> None:
        super().__init__(message)
        self.error_id = error_id


class TaskCanceled(Exception):
    """Raised by ``task.check_canceled()`` to end the work: the task's outcome is then Canceled."""


@dataclass(frozen=True)
class Outcome:
    """How a handler invocation ended. Use one of the subclasses."""

    def as_response(self) -> dict[str, Any]:
        """The Lambda's return value."""
        raise NotImplementedError


@dataclass(frozen=True)
class Finished(Outcome):
    """The work is done. Returning None means the same."""

    def as_response(self) -> dict[str, Any]:
        return {"status": "FINISHED"}


@dataclass(frozen=True)
class NotMet(Outcome):
    """The precondition ran and is not met: the service's status FALSE, for preconditions only."""

    def as_response(self) -> dict[str, Any]:
        return {"status": "FALSE"}


@dataclass(frozen=True)
class Canceled(Outcome):
    """The work was stopped because the service canceled the task. No status is reported."""

    def as_response(self) -> dict[str, Any]:
        return {"status": "CANCELED"}


@dataclass(frozen=True)
class Failed(Outcome):
    """The work failed; Data Pipeline decides on the next attempt."""

    error_id: str
    message: str
    stack_trace: str = ""

    def as_response(self) -> dict[str, Any]:
        response = {
            "status": "FAILED",
            "errorId": safe_error_id(self.error_id),
            "errorMessage": safe_text(self.message)[:MAX_ERROR_MESSAGE],
        }
        if self.stack_trace:
            response["errorStackTrace"] = safe_text(self.stack_trace)[-MAX_STACK_TRACE:]
        return response


@dataclass(frozen=True)
class Deferred(Outcome):
    """The work goes on elsewhere: call the handler again with ``state`` after ``wait_seconds``.

    ``state`` is JSON. The state machine keeps it, so it must not contain a secret. It may have 100,000 bytes:
    Step Functions takes 256 KiB including the task (Step Functions quotas).
    RunTask waits at most 240 s between two progress reports, and shortens a longer wait to that.
    The constructor raises TypeError or ValueError for a state or a time that RunTask could not keep.
    """

    state: Any
    wait_seconds: int = 60

    def __post_init__(self) -> None:
        try:
            written = json.dumps(self.state, allow_nan=False)
        except TypeError as error:
            raise TypeError(
                f"The state of Deferred has to be JSON, and {error}. Write a datetime as text (isoformat()), "
                "and an object by its id."
            ) from None
        except ValueError as error:
            raise ValueError(f"The state of Deferred has to be JSON: {error}.") from None
        if len(written) > MAX_STATE_BYTES:
            raise ValueError(
                f"The state of Deferred has {len(written):,} bytes as JSON, and {MAX_STATE_BYTES:,} are the "
                "limit. Keep it in S3, and its place in the state."
            )
        if isinstance(self.wait_seconds, bool) or not isinstance(self.wait_seconds, int | float):
            raise TypeError(
                f"wait_seconds of Deferred is {self.wait_seconds!r}, and a number of seconds is expected."
            )
        if not 0 <= self.wait_seconds < float("inf"):
            raise ValueError(f"wait_seconds of Deferred is {self.wait_seconds}, and 0 or more is expected.")

    def as_response(self) -> dict[str, Any]:
        return {"status": "DEFERRED", "state": self.state, "waitSeconds": self.wait_seconds}


def safe_error_id(error_id: str) -> str:
    """An errorId that the service accepts: not empty, without the service's own prefix, short, one line."""
    text = re.sub(r"\s+", " ", safe_text(error_id)).strip() or "TaskFailed"
    if text.startswith("Service_"):
        text = "Task" + text
    return text[:MAX_ERROR_ID]


def safe_text(text: str) -> str:
    """``text`` with U+FFFD for each character that the service's model does not allow."""
    return _REFUSED_CHARACTERS.sub("\ufffd", text)
