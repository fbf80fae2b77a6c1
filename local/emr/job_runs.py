"""Job runs of EMR Serverless: Hive scripts on the local Spark, and spark-submit as a process.

EMR Serverless API reference, and its user guide, "Job run states" and "Using Hive configurations". Each
application id is that of a started application, whose type is that of its first run.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import secrets
import shlex
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from local.emr.errors import NoSuchRunError, ServerlessValidationError
from local.emr.spark_service import SparkService
from local.emr.step_process import NewS3, StepProcess

ENDED = frozenset({"SUCCESS", "FAILED", "CANCELLED"})


@dataclass
class JobRun:
    """A job run. ``request`` is that of StartJobRun."""

    application: str
    request: dict[str, Any]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: str = "SUBMITTED"
    details: str = ""
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    work: asyncio.Task[None] | None = None

    @property
    def type(self) -> str:
        """The type of applications that run it."""
        return "HIVE" if "hive" in self.request.get("jobDriver", {}) else "SPARK"


class JobRuns:
    """All job runs. Its methods are called in one event loop."""

    def __init__(self, *, endpoint_url: str, new_s3: NewS3, spark: SparkService) -> None:
        self._endpoint_url, self._new_s3, self._spark = endpoint_url, new_s3, spark
        self._by_id: dict[str, JobRun] = {}

    def start(self, application: str, request: dict[str, Any]) -> JobRun:
        """Start a run. A known client token starts none.

        Raises ServerlessValidationError for a job of the other type.
        """
        for known in self._by_id.values():
            if (known.application, known.request["clientToken"]) == (application, request["clientToken"]):
                return known
        run = JobRun(application, request)
        types = {known.type for known in self.of(application)} - {run.type}
        if types:
            raise ServerlessValidationError(
                f"The application {application} is of type {types.pop()}, and the job is of type {run.type}."
            )
        self._by_id[run.id] = run
        run.work = asyncio.create_task(self._run(run))
        return run

    def of(self, application: str) -> list[JobRun]:
        """The runs of an application, the newest first."""
        return [run for run in reversed(self._by_id.values()) if run.application == application]

    def find(self, application: str, run_id: str) -> JobRun:
        """Raises NoSuchRunError."""
        run = self._by_id.get(run_id)
        if run is None or run.application != application:
            raise NoSuchRunError(f"Job run {run_id} does not exist in the application {application}.")
        return run

    def cancel(self, run: JobRun) -> None:
        """End a run, and what it has started."""
        if run.state not in ENDED and run.work is not None:
            _note(run, "CANCELLING")
            run.work.cancel()

    async def _run(self, run: JobRun) -> None:
        try:
            _note(run, "RUNNING")
            driver = run.request.get("jobDriver", {})
            code, output, errors = await (
                self._hive(driver["hive"]) if "hive" in driver else self._spark_submit(driver["sparkSubmit"])
            )
            await asyncio.to_thread(self._copy_logs, run, {"stdout": output, "stderr": errors})
        except asyncio.CancelledError:
            _note(run, "CANCELLED", "as asked")
        except Exception as error:
            _note(run, "FAILED", str(error)[:256])
        else:
            lines = errors.strip().splitlines() or [f"exit code {code}"]
            _note(run, "FAILED" if code else "SUCCESS", lines[0][:256] if code else "")

    async def _hive(self, hive: dict[str, Any]) -> tuple[int, str, str]:
        uri = urlsplit(hive["query"])
        client = self._new_s3()
        found = await asyncio.to_thread(client.get_object, Bucket=uri.netloc, Key=uri.path.lstrip("/"))
        script = (await asyncio.to_thread(found["Body"].read)).decode()
        given: dict[str, dict[str, str]] = {"--hivevar": {}, "--hiveconf": {}}
        words = hive.get("parameters", "").split()
        for option, pair in zip(words[::2], words[1::2], strict=True):
            name, _, value = pair.partition("=")
            given[option][name] = value
        answer = await self._spark.run(
            {"script": script, "variables": given["--hivevar"], "settings": given["--hiveconf"]}
        )
        return answer["code"], answer["stdout"], answer["stderr"]

    async def _spark_submit(self, given: dict[str, Any]) -> tuple[int, str, str]:
        words = [
            "spark-submit",
            *shlex.split(given.get("sparkSubmitParameters", "")),
            given["entryPoint"],
            *given.get("entryPointArguments", []),
        ]
        process = StepProcess(
            {"Jar": "command-runner.jar", "Args": words},
            endpoint_url=self._endpoint_url,
            new_s3=self._new_s3,
        )
        try:
            return await process.run(), process.printed("stdout"), process.printed("stderr")
        finally:
            await process.forget()

    def _copy_logs(self, run: JobRun, texts: dict[str, str]) -> None:
        monitoring = run.request.get("configurationOverrides", {}).get("monitoringConfiguration", {})
        log_uri = monitoring.get("s3MonitoringConfiguration", {}).get("logUri")
        if not log_uri:
            return
        place = f"{log_uri.rstrip('/')}/applications/{run.application}/jobs/{run.id}"
        for name, text in texts.items():
            uri = urlsplit(f"{place}/{name}.gz")
            with contextlib.suppress(Exception):
                self._new_s3().put_object(
                    Bucket=uri.netloc, Key=uri.path.lstrip("/"), Body=gzip.compress(text.encode())
                )


def _note(run: JobRun, state: str, details: str = "") -> None:
    run.state, run.details, run.updated = state, details, time.time()
