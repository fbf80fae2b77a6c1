"""Where faults are brought about: tasks that a fault hits, and what is expected of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.system.deployments import Deployment, eventually
from tests.system.executions import POLL_LOOP, RUN_TASK, executions, states_entered
from tests.system.faults import PROBE_ROUTE, tick
from tests.system.pipelines import Pipeline, shell

RETRIED = {"maximumRetries": "2", "retryDelay": "2 minutes", "reportProgressTimeout": "8 minutes"}


@dataclass(frozen=True)
class Begun:
    """A task that a fault has hit, and the outcome that is expected."""

    pipeline: Pipeline
    component: str
    status: str
    log: Path
    """One line for each time that its work started."""
    runs: range
    error_id: str = ""
    executions: int | None = None
    aborted: int = 0
    failed: int = 0
    """Executions that could not acknowledge their task, or report on it."""
    attempts: int | None = 1
    failed_loops: int = 0
    """Executions of PollLoop that failed while the fault was brought about."""
    during: tuple[datetime, datetime] | None = None
    proof: Path | None = None
    """The last thing that its work writes."""


class Scene:
    """Where faults are brought about."""

    def __init__(self, deployment: Deployment, directory: Path) -> None:
        self.deployment = deployment
        self._directory = directory

    def log(self, component: str) -> Path:
        return self._directory / component

    def proof(self, component: str) -> Path:
        return self._directory / f"{component}.done"

    def task(self, component: str, command: str = "true", **fields: str) -> Pipeline:
        """A task that no poll has received yet. Its command records that it runs."""
        noted = f"echo run >> {self.log(component)}; {command}"
        return Pipeline.activated(self.deployment, {component: shell(noted, **fields)})

    def probe(self, component: str, does: str, **fields: str) -> Pipeline:
        """A task for the handler that does what it is told."""
        own = {"myHandler": PROBE_ROUTE, "myDo": does, "myLog": str(self.log(component)), **fields}
        return Pipeline.activated(self.deployment, {component: shell("true", **own)})

    def polled(self, loops: int = 1) -> None:
        """Run loops, one after another, until everything that should go wrong has: at least ``loops``.

        On a slow machine, a loop's time may be over before it has polled.
        """
        done = 0

        def enough() -> bool | None:
            nonlocal done
            tick(self.deployment)
            self.no_loop()
            done += 1
            return (done >= loops and not self.deployment.faults.pending()) or None

        eventually(enough, lambda: f"did not happen: {self.deployment.faults.pending()}")

    def no_loop(self) -> None:
        eventually(
            lambda: "RUNNING" not in executions(self.deployment, POLL_LOOP).values() or None,
            "a loop goes on",
            every=0.1,
        )

    def taken(self, component: str) -> None:
        """Run one loop after another until the task has started."""

        def is_started() -> bool | None:
            if "RUNNING" not in executions(self.deployment, POLL_LOOP).values():
                tick(self.deployment)
            return self.started(component) or None

        eventually(is_started, f"{component} was not started", every=0.05)

    def started(self, component: str) -> bool:
        return bool(executions(self.deployment, RUN_TASK, of=component))

    def execution(self, component: str) -> str:
        """The first execution of a task, once there is one."""
        return eventually(
            lambda: next(iter(executions(self.deployment, RUN_TASK, of=component)), None),
            f"{component} was not started",
            every=0.05,
        )

    def reached(self, component: str, state: str) -> str:
        """The task's execution, once it is in ``state``."""
        arn = self.execution(component)
        eventually(
            lambda: state in states_entered(self.deployment, arn) or None,
            f"{component} did not reach {state}",
            every=0.05,
        )
        return arn

    def stop(self, arn: str) -> None:
        try:
            self.deployment.stepfunctions.stop_execution(executionArn=arn)
        except ClientError as error:
            raise AssertionError(f"it has ended before it could be stopped: {error}") from error

    def cancel(self, pipeline: Pipeline, component: str) -> None:
        (instance,) = pipeline.runs("INSTANCE", component)
        self.deployment.datapipeline.set_status(
            pipelineId=pipeline.id, objectIds=[instance.id], status="TRY_CANCEL"
        )

    def finished(self, pipeline: Pipeline, component: str, runs: range = range(1, 2), **more: Any) -> Begun:
        return Begun(pipeline, component, "FINISHED", self.log(component), runs, **more)

    def failed(self, pipeline: Pipeline, component: str, error_id: str, runs: range = range(1, 2)) -> Begun:
        return Begun(pipeline, component, "FAILED", self.log(component), runs, error_id, executions=1)

    def canceled(self, pipeline: Pipeline, component: str, runs: range, **more: Any) -> Begun:
        return Begun(pipeline, component, "CANCELED", self.log(component), runs, attempts=None, **more)
