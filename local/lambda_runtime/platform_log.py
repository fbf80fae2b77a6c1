"""The lines that Lambda itself writes around an invocation's log, as text or JSON.

Sources: Lambda developer guide, "Sending Lambda function logs to CloudWatch Logs" and "Schema reference for
Lambda telemetry events".
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal


@dataclass(frozen=True)
class Report:
    """What an invocation used. `status` is Lambda's own word; times are in milliseconds."""

    request_id: str
    duration_ms: float
    init_ms: float | None
    memory_mb: int
    max_memory_mb: int
    status: Literal["success", "error", "timeout"]
    error_type: str | None = None


@dataclass(frozen=True)
class PlatformLog:
    """Writes lines in the function's log format."""

    log_format: Literal["Text", "JSON"]

    def start(self, at: datetime, request_id: str, version: str) -> list[str]:
        if self.log_format == "JSON":
            return [_event(at, "platform.start", {"requestId": request_id, "version": version})]
        return [f"START RequestId: {request_id} Version: {version}"]

    def end(self, at: datetime, report: Report, failure: str | None) -> list[str]:
        """The lines after the function's own. `failure` is the text of an error of Lambda's own."""
        billed = math.ceil(report.duration_ms)
        if self.log_format == "JSON":
            metrics: dict[str, Any] = {
                "durationMs": round(report.duration_ms, 2),
                "billedDurationMs": billed,
                "memorySizeMB": report.memory_mb,
                "maxMemoryUsedMB": report.max_memory_mb,
            }
            if report.init_ms is not None:
                metrics["initDurationMs"] = round(report.init_ms, 2)
            record = {"requestId": report.request_id, "metrics": metrics, "status": report.status}
            if report.error_type:
                record["errorType"] = report.error_type
            return [_event(at, "platform.report", record)]
        line = [
            f"REPORT RequestId: {report.request_id}",
            f"Duration: {report.duration_ms:.2f} ms",
            f"Billed Duration: {billed} ms",
            f"Memory Size: {report.memory_mb} MB",
            f"Max Memory Used: {report.max_memory_mb} MB",
        ]
        if report.init_ms is not None:
            line.append(f"Init Duration: {report.init_ms:.2f} ms")
        if failure is not None:
            line.append(f"Status: {report.status}")
            if report.status == "error":
                line.append(f"Error Type: {report.error_type}")
        lines = [f"END RequestId: {report.request_id}", "\t".join(line)]
        return lines if failure is None else [_failure(at, report, failure), *lines]


def _failure(at: datetime, report: Report, text: str) -> str:
    if report.status == "timeout":
        _, _, what = text.partition("Error: ")
        return f"{_timestamp(at)} {report.request_id} {what}"
    return f"{text}\n{report.error_type}"


def _event(at: datetime, kind: str, record: dict[str, Any]) -> str:
    return json.dumps({"time": _timestamp(at), "type": kind, "record": record}, separators=(",", ":"))


def _timestamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
