"""Why a step failed: its state, EMR's reason, and the last lines of its stderr from the cluster's log URI.

Amazon EMR management guide, "View log files": EMR copies the logs of a step to
``<log URI>/<cluster>/steps/<step>/stderr.gz`` every 5 minutes. So the copy may be missing, or older than the
step's end.
"""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta

from data_nodes.s3_uri import S3Uri
from emr import calls, clusters
from emr.log_end import last_lines
from runner import clients
from runner.outcome import TaskFailed
from runner.task import Task

_LINES = 20
_MISSING = {"404", "NoSuchKey"}
_CLOCKS_DIFFER = timedelta(seconds=30)


def log_is_awaited(cluster: str, step: str) -> bool:
    """Whether EMR will copy the step's log and has not done so since the step ended."""
    try:
        log = _stderr_uri(cluster, step)
        if log is None or _state(cluster, step) != "FAILED":
            return False
        return _copied_before_the_end(cluster, step, log) is not None
    except clients.aws_errors() as error:
        return clients.aws_error_code(error) in _MISSING


def failure(task: Task, cluster: str, step_id: str, what: str) -> TaskFailed:
    """The failure of a step that did not complete. ``what`` names it for people."""
    described = calls.reading().describe_step(ClusterId=cluster, StepId=step_id)["Step"]
    status = described["Status"]
    details = status.get("FailureDetails", {})
    reason = "; ".join(
        text
        for text in (
            details.get("Reason", ""),
            details.get("Message", ""),
            status.get("StateChangeReason", {}).get("Message", ""),
        )
        if text
    )
    message = f"The step {step_id} ('{what}') of the cluster {cluster} is {status['State']}"
    message += f": {reason.rstrip('.')}." if reason else "."
    if status["State"] != "FAILED":
        return TaskFailed(f"{message} {clusters.describe(cluster)}".rstrip(), error_id="StepCancelled")
    return TaskFailed(f"{message} {_last_lines(task, cluster, step_id)}", error_id="StepFailed")


def _state(cluster: str, step: str) -> str:
    return calls.reading().describe_step(ClusterId=cluster, StepId=step)["Step"]["Status"]["State"]


def _copied_before_the_end(cluster: str, step: str, log: S3Uri) -> datetime | None:
    """When the log was copied, if that was before the step ended; None if it is complete."""
    copied = clients.s3().head_object(Bucket=log.bucket, Key=log.key)["LastModified"]
    described = calls.reading().describe_step(ClusterId=cluster, StepId=step)["Step"]
    ended = described["Status"]["Timeline"].get("EndDateTime")
    return copied if ended is not None and copied < ended - _CLOCKS_DIFFER else None


def _last_lines(task: Task, cluster: str, step: str) -> str:
    """The end of stderr, or why it is not there."""
    unreadable: tuple[type[Exception], ...] = (*clients.aws_errors(), zlib.error)
    log: S3Uri | None = None
    try:
        log = _stderr_uri(cluster, step)
        if log is None:
            return "The cluster has no log URI, so its stderr is not known."
        early = _copied_before_the_end(cluster, step, log)
        lines = last_lines(clients.s3().get_object(Bucket=log.bucket, Key=log.key)["Body"], _LINES)
    except unreadable as error:
        task.logger.warning("Step log not read", step=step, error=str(error))
        if clients.aws_error_code(error) in _MISSING:
            return f"Its stderr is not at {log} yet: EMR copies logs every 5 minutes."
        return f"Its stderr could not be read ({error}): grant it with log_uri of emr(...) in app.py."
    when = f", as copied at {early:%H:%M:%S} UTC before the step ended," if early else ""
    return "\n".join([f"Its stderr{when} ends with:", *lines]) if lines else f"Its stderr{when} is empty."


def _stderr_uri(cluster: str, step: str) -> S3Uri | None:
    described = calls.reading().describe_cluster(ClusterId=cluster)["Cluster"]
    root = S3Uri.parse(described.get("LogUri", ""))
    return root / f"{cluster}/steps/{step}/stderr.gz" if root else None
