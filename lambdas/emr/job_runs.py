"""The life of a task on EMR Serverless: job runs, started one after the other, looked at, and canceled.

EMR Serverless API reference. StartJobRun has a client token, so that a repeated call starts no second run.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from emr.job_drivers import drivers_of
from emr.naming import Names
from emr.where import Where
from runner import clients
from runner.deadline import HandlerTimeout
from runner.outcome import Canceled, Deferred, Finished, Outcome, TaskFailed
from runner.task import Task

_FINAL = {"AccessDeniedException", "ResourceNotFoundException", "ValidationException"}
_SOON, _LATEST, _SECONDS_OF_CANCEL = 10, 120, 10
_MOST_CANCELS = 60


@dataclass
class _Progress:
    number: int = 1
    run: str = ""
    looks: int = 0
    cancels: int = 0

    def deferred(self, seconds: int | None = None) -> Deferred:
        wait = min(_LATEST, _SOON + 5 * self.looks) if seconds is None else seconds
        self.looks += 1
        return Deferred(vars(self).copy(), wait)


def run(task: Task, where: Where) -> Outcome:
    """Go on from ``task.state``. Raises FieldError, and TaskFailed."""
    progress = _Progress(**(task.state or {}))
    try:
        if task.canceled:
            return _stop(task, where, progress)
        return _work(task, where, progress)
    except HandlerTimeout:
        return progress.deferred()
    except clients.aws_errors() as error:
        if clients.aws_error_code(error) in _FINAL:
            raise TaskFailed(
                f"Amazon EMR Serverless refuses: {error}. The handler may use the application that its "
                "emr_serverless(...) in app.py names.",
                error_id="EmrRefused",
            ) from error
        task.logger.warning("Call to EMR failed", error=str(error))
        return progress.deferred()


def _work(task: Task, where: Where, progress: _Progress) -> Outcome:
    drivers = drivers_of(task)
    for driver in drivers:
        if task.redact(str(driver)) != str(driver):
            raise TaskFailed(
                "The job contains the value of a secret (*) field, which EMR shows to whoever may look at "
                "the job run: let the job read the secret from AWS Secrets Manager.",
                error_id="SecretInStep",
            )
    while True:
        if not progress.run:
            progress.run = _start(task, where, drivers[progress.number - 1], progress.number, len(drivers))
            progress.looks = 0
            return progress.deferred()
        found = clients.emr_serverless().get_job_run(
            applicationId=where.application_id, jobRunId=progress.run
        )["jobRun"]
        if found["state"] in {"FAILED", "CANCELLED"}:
            raise TaskFailed(
                f"The job run {progress.run} of the application {where.application_id} is {found['state']}: "
                f"{found['stateDetails'] or 'no reason is given'}{_logs(where, progress.run)}",
                error_id="StepFailed" if found["state"] == "FAILED" else "StepCancelled",
            )
        if found["state"] != "SUCCESS":
            return progress.deferred()
        task.logger.info("Job run completed", run=progress.run)
        if progress.number == len(drivers):
            return Finished()
        progress.number, progress.run = progress.number + 1, ""


def _start(task: Task, where: Where, driver: dict[str, Any], number: int, total: int) -> str:
    names = Names.of(task)
    more: Any = {}
    if where.log_uri:
        more["configurationOverrides"] = {
            "monitoringConfiguration": {"s3MonitoringConfiguration": {"logUri": where.log_uri}}
        }
    token = hashlib.sha256(f"{names.instance}/{names.attempt}/{number}".encode()).hexdigest()
    started = clients.emr_serverless().start_job_run(
        applicationId=where.application_id,
        clientToken=token,
        executionRoleArn=where.execution_role_arn,
        name=names.step(number, total),
        jobDriver=driver,  # type: ignore[arg-type]
        **more,
    )["jobRunId"]
    task.logger.info("Job run started", run=started)
    return started


def _stop(task: Task, where: Where, progress: _Progress) -> Outcome:
    """Cancel the run, and wait until it has ended."""
    if not progress.run:
        return Canceled()
    client = clients.emr_serverless()
    state = client.get_job_run(applicationId=where.application_id, jobRunId=progress.run)["jobRun"]["state"]
    if state in {"SUCCESS", "FAILED", "CANCELLED"}:
        return Canceled()
    progress.cancels += 1
    if progress.cancels > _MOST_CANCELS:
        task.logger.error("Job run goes on", run=progress.run)
        return Canceled()
    if state != "CANCELLING":
        client.cancel_job_run(applicationId=where.application_id, jobRunId=progress.run)
        task.logger.info("Cancellation of job run requested", run=progress.run)
    return progress.deferred(_SECONDS_OF_CANCEL)


def _logs(where: Where, run_id: str) -> str:
    if not where.log_uri:
        return ""
    root = where.log_uri.rstrip("/")
    return f". Its logs are below {root}/applications/{where.application_id}/jobs/{run_id}/"
