"""The life of a task on EMR Serverless: job runs, started one after the other, looked at, and canceled.

EMR Serverless API reference. StartJobRun has a client token, so that a repeated call starts no second run.
Runs that no answer told of, and those of earlier attempts, are found by their names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from data_nodes.s3_uri import S3Uri
from emr.job_drivers import Job, jobs_of
from emr.naming import Names
from emr.steps import holds_secret
from emr.where import Where
from runner import clients
from runner.deadline import HandlerTimeout
from runner.outcome import Canceled, Deferred, Finished, Outcome, TaskFailed
from runner.task import Task
from runner.versions import known_state, versioned

if TYPE_CHECKING:
    from mypy_boto3_emr_serverless.literals import JobRunStateType
    from mypy_boto3_emr_serverless.type_defs import JobRunSummaryTypeDef

_ACTIVE: tuple[JobRunStateType, ...] = (
    *("SUBMITTED", "PENDING", "SCHEDULED", "QUEUED"),
    *("RUNNING", "CANCELLING"),
)
_FINAL = {"AccessDeniedException", "ResourceNotFoundException", "ValidationException"}
_SOON, _LATEST, _SECONDS_OF_CANCEL = 10, 120, 10
_MOST_CANCELS = 60


@dataclass
class _Progress:
    number: int = 1
    total: int = 0
    run: str = ""
    looks: int = 0
    cancels: int = 0

    @classmethod
    def of(cls, state: Any) -> _Progress:
        """From the state of the last deferral; None is the beginning. Raises TaskFailed for a later one."""
        given = known_state(state or {})
        return cls(**{name: given[name] for name in cls.__dataclass_fields__ if name in given})

    def deferred(self, seconds: int | None = None) -> Deferred:
        wait = min(_LATEST, _SOON + 5 * self.looks) if seconds is None else seconds
        self.looks += 1
        return Deferred(versioned(vars(self)), wait)


def run(task: Task, where: Where) -> Outcome:
    """Go on from ``task.state``. Raises FieldError, and TaskFailed."""
    progress = _Progress.of(task.state)
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
                "emr_serverless(...) in app.py names, which runs Hive or Spark, according to its type.",
                error_id="EmrRefused",
            ) from error
        task.logger.warning("Call to EMR failed", error=str(error))
        return progress.deferred()


def _work(task: Task, where: Where, progress: _Progress) -> Outcome:
    """Look at the run that was started last, and start the next one.

    The jobs are made only where one is started: nothing that is wrong with them may end a task that runs.
    """
    if progress.run:
        found = clients.emr_serverless().get_job_run(
            applicationId=where.application_id, jobRunId=progress.run
        )["jobRun"]
        if found["state"] in {"FAILED", "CANCELLED"}:
            raise TaskFailed(
                f"The job run {progress.run} of the application {where.application_id} is {found['state']}: "
                f"{found['stateDetails']}{_logs(where, progress.run)}",
                error_id="StepFailed" if found["state"] == "FAILED" else "StepCancelled",
            )
        if found["state"] != "SUCCESS":
            return progress.deferred()
        task.logger.info("Job run completed", run=progress.run)
        if progress.number == progress.total:
            return Finished()
        progress.number, progress.run = progress.number + 1, ""
    jobs = _checked(task, jobs_of(task))
    if progress.number == 1:
        names = Names.of(task)
        left = [run for run in _active(task, where) if names.is_of_other_attempt(run.get("name", ""))]
        if left:
            # The launcher of an earlier attempt was ended, and its run goes on: never two at a time.
            _cancel(task, where, left)
            return progress.deferred(_SECONDS_OF_CANCEL)
    progress.run = _start(task, where, jobs[progress.number - 1], progress.number, len(jobs))
    progress.total, progress.looks = len(jobs), 0
    return progress.deferred()


def _checked(task: Task, jobs: Sequence[Job]) -> Sequence[Job]:
    """The jobs. Raises TaskFailed for a secret in them: EMR Serverless shows its job runs."""
    for job in jobs:
        if holds_secret(task, job.texts):
            raise TaskFailed(
                "The job contains the value of a secret (*) field, which EMR shows to whoever may look at "
                "the job run, or read its script: let the job read the secret from AWS Secrets Manager.",
                error_id="SecretInStep",
            )
    return jobs


def _driver(job: Job, where: Where, names: Names, number: int) -> Any:
    """The driver; a script becomes an object first, which a repeated call writes again with the same text."""
    if not job.script:
        return job.driver
    place = S3Uri.parse(where.scripts)
    if place is None:
        raise TaskFailed(
            "EMR Serverless reads Hive scripts from S3: say where this one may be written, with "
            "scripts='s3://bucket/prefix/' of emr_serverless(...) in app.py. Or put it into S3, name it in "
            "scriptUri, and set stage to false.",
            error_id="NoPlaceForScripts",
        )
    script = place / f"{names.instance}/{names.attempt}-{number}.q"
    try:
        clients.s3().put_object(Bucket=script.bucket, Key=script.key, Body=job.script.encode())
    except clients.aws_errors() as error:
        if clients.may_pass(error):
            raise
        raise TaskFailed(
            f"The Hive script could not be written to {script}: {error}. It is the place that scripts of "
            "emr_serverless(...) in app.py names.",
            error_id="ScriptNotWritten",
        ) from error
    return {"hive": {"query": str(script)}}


def _start(task: Task, where: Where, job: Job, number: int, total: int) -> str:
    names = Names.of(task)
    driver = _driver(job, where, names, number)
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
        executionTimeoutMinutes=0,  # No limit of its own: the default is 12 hours.
        jobDriver=driver,
        **more,
    )["jobRunId"]
    task.logger.info("Job run started", run=started)
    return started


def _stop(task: Task, where: Where, progress: _Progress) -> Outcome:
    """Cancel the task's runs, and wait until they have ended."""
    names = Names.of(task)
    left = [run for run in _active(task, where) if names.is_own(run.get("name", ""))]
    if not left:
        return Canceled()
    progress.cancels += 1
    if progress.cancels > _MOST_CANCELS:
        task.logger.error("Job run goes on", run=[run["id"] for run in left])
        return Canceled()
    _cancel(task, where, left)
    return progress.deferred(_SECONDS_OF_CANCEL)


def _active(task: Task, where: Where) -> Iterator[JobRunSummaryTypeDef]:
    """Runs of the application that have not ended, and are not much older than the task."""
    pages = (
        clients.emr_serverless()
        .get_paginator("list_job_runs")
        .paginate(
            applicationId=where.application_id,
            states=list(_ACTIVE),
            # Earlier attempts of the instance count too, and an attempt rarely lasts longer than a day.
            createdAtAfter=task.received_at - timedelta(days=2),
        )
    )
    for page in pages:
        yield from page["jobRuns"]


def _cancel(task: Task, where: Where, runs: Sequence[JobRunSummaryTypeDef]) -> None:
    for run in runs:
        if run["state"] != "CANCELLING":
            clients.emr_serverless().cancel_job_run(applicationId=where.application_id, jobRunId=run["id"])
            task.logger.info("Cancellation of job run requested", run=run["id"])


def _logs(where: Where, run_id: str) -> str:
    if not where.log_uri:
        return ""
    root = where.log_uri.rstrip("/")
    return f". Its logs are below {root}/applications/{where.application_id}/jobs/{run_id}/"
