"""Log lines and states of executions as lines that people read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ENDS = ("Task ended", "Task not reported")
"""The events with which a task's RunTask execution is over (lambdas/execution_ended.py)."""

_NOT_SHOWN = {
    *("timestamp", "level", "message", "service", "location", "xray_trace_id", "function_request_id"),
    *("pipelineId", "attemptId", "taskId", "type", "route", "workerGroup", "stream"),
}
"""What each line has, and what the heading says already."""

_CUT_AT = 2_000
"""Characters of a field. Errors may have a whole stack trace."""


@dataclass(frozen=True, order=True)
class Line:
    """One line of a story. Lines are ordered by time, and those of one moment as they were read."""

    at: datetime
    number: int
    source: str = field(compare=False)
    """Who says it: the poller, RunTask, a handler."""
    text: str = field(compare=False)
    entry: Mapping[str, Any] = field(compare=False, default_factory=dict)
    """The fields of a log line."""

    def shown(self) -> str:
        """As it is printed. Each line of a text has the time and the source of the first one."""
        start = f"{self.at:%Y-%m-%d %H:%M:%S}.{self.at.microsecond // 1000:03}  {self.source:<24}  "
        return "\n".join(start + part for part in self.text.splitlines() or [""])


def entry_of(message: str) -> Mapping[str, Any]:
    """The fields of a line that the project's logger wrote; empty for Lambda's own lines, and for metrics."""
    try:
        entry = json.loads(message)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) and "service" in entry and "_aws" not in entry else {}


def text_of(entry: Mapping[str, Any]) -> str:
    """A log line as people read it: the event, then its own fields."""
    if "stream" in entry:
        return f"{entry['stream']} | {entry.get('message')}"
    level = entry.get("level")
    marks = f"{level}: " if level not in (None, "INFO") else ""
    fields = [
        f"{name}={_value(value)}"
        for name, value in entry.items()
        if name not in _NOT_SHOWN and value is not None
    ]
    return "  ".join([f"{marks}{entry.get('message')}", *fields])


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _CUT_AT else f"{text[:_CUT_AT]}…"


def moment(milliseconds: int) -> datetime:
    """A log event's time."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def state_text(event: Mapping[str, Any]) -> str | None:
    """What an event of an execution's history says; None for those that people need not see.

    Inputs and outputs are never shown: another log has what is in them, without secrets.
    """
    kind = str(event["type"])
    if kind == "ExecutionStarted":
        return "starts"
    if kind.endswith("StateEntered"):
        # Choices take no time, and a handler's outcome is in its own line.
        return None if kind == "ChoiceStateEntered" else f"-> {event['stateEnteredEventDetails']['name']}"
    if kind.startswith("Execution"):
        return " ".join([kind.removeprefix("Execution").upper(), *_error(event)])
    if kind.endswith(("Failed", "TimedOut", "Aborted")):
        return "  ".join([kind, *_error(event)])
    return None


def _error(event: Mapping[str, Any]) -> list[str]:
    for name, details in event.items():
        if name.endswith("EventDetails") and isinstance(details, dict) and details.get("error"):
            cause = " ".join(str(details.get("cause") or "").split())
            return [f"{details['error']}: {_value(cause)}" if cause else str(details["error"])]
    return []
