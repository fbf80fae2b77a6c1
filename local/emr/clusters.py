"""Clusters and their steps: their states, and what moves them from one to the next.

Amazon EMR management guide, "Understanding the cluster lifecycle" and "Submit work to a cluster". A cluster
has no instances here: it starts after a while, and its steps run as processes of this machine. All methods
are called in one event loop.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import string
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from local.emr.errors import InvalidRequestError, ValidationError
from local.emr.faults import FULL, Faults
from local.emr.step_process import NewS3, StepProcess

START_SECONDS = 30.0
"""How long a cluster starts, in protocol time. On AWS it takes minutes."""
MOST_ACTIVE_STEPS = 256
_LINGER_SECONDS = 0.2
"""How often what a step has left is looked at."""
ENDED = frozenset({"TERMINATED", "TERMINATED_WITH_ERRORS", "TERMINATING"})
ACTIVE = frozenset({"PENDING", "RUNNING", "CANCEL_PENDING"})
_ALPHABET = string.ascii_uppercase + string.digits


@dataclass
class Step:
    """A step."""

    config: dict[str, Any]
    id: str = field(default_factory=lambda: f"s-{_code(19)}")
    state: str = "PENDING"
    reason: str = ""
    created: float = field(default_factory=time.time)
    began: float | None = None
    ended: float | None = None
    process: StepProcess | None = None
    canceled: bool = False

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE


@dataclass
class Cluster:
    """A cluster. ``request`` is that of RunJobFlow."""

    request: dict[str, Any]
    id: str = field(default_factory=lambda: f"j-{_code(13)}")
    state: str = "STARTING"
    code: str = ""
    reason: str = ""
    created: float = field(default_factory=time.time)
    ready: float | None = None
    ended: float | None = None
    steps: list[Step] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    life: asyncio.Task[None] | None = None

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def tags(self) -> dict[str, str]:
        return {tag["Key"]: tag.get("Value", "") for tag in self.request.get("Tags", [])}


class Clusters:
    """All clusters of the account."""

    def __init__(
        self,
        *,
        endpoint_url: str,
        new_s3: NewS3,
        faults: Faults,
        time_scale: float,
        ended: Callable[[str], None],
    ) -> None:
        """``ended`` is called with the id of each cluster that ends."""
        self._endpoint_url, self._new_s3, self._faults = endpoint_url, new_s3, faults
        self._time_scale, self._tell_ended = time_scale, ended
        self._by_id: dict[str, Cluster] = {}
        self._running: set[asyncio.Task[None]] = set()

    def start(self, request: dict[str, Any]) -> Cluster:
        """Start a cluster."""
        cluster = Cluster(request)
        cluster.steps = [Step(config) for config in request.get("Steps", [])]
        self._by_id[cluster.id] = cluster
        cluster.life = asyncio.create_task(self._live(cluster))
        return cluster

    def all(self) -> Iterator[Cluster]:
        """All clusters, the newest first."""
        return reversed(list(self._by_id.values()))

    def known(self, cluster_id: str) -> Cluster | None:
        return self._by_id.get(cluster_id)

    def find(self, cluster_id: str) -> Cluster:
        """The cluster of this id. Raises InvalidRequestError."""
        cluster = self._by_id.get(cluster_id)
        if cluster is None:
            raise InvalidRequestError(f"Cluster id '{cluster_id}' is not valid.")
        return cluster

    def add(self, cluster_id: str, configs: list[dict[str, Any]]) -> list[Step]:
        """Add steps. Raises ValidationError if the cluster does not take them."""
        cluster = self._by_id.get(cluster_id)
        if cluster is None:
            raise ValidationError("Specified job flow ID does not exist.")
        if cluster.has_ended:
            raise ValidationError(
                "A job flow that is shutting down, terminated, or finished may not be modified."
            )
        if sum(step.is_active for step in cluster.steps) + len(configs) > MOST_ACTIVE_STEPS:
            raise ValidationError(FULL)
        steps = [Step(config) for config in configs]
        cluster.steps += steps
        cluster.changed.set()
        return steps

    def cancel(self, cluster_id: str, step_ids: list[str], *, kill: bool) -> list[dict[str, str]]:
        """Cancel steps. Returns what the answer says of each. Raises InvalidRequestError."""
        cluster = self.find(cluster_id)
        by_id = {step.id: step for step in cluster.steps}
        answers = []
        for step_id in step_ids:
            step = by_id.get(step_id)
            if step is None:
                raise InvalidRequestError(f"Step id '{step_id}' is not valid.")
            if not step.is_active:
                reason = f"Step is in {step.state} state and cannot be cancelled."
                answers.append({"StepId": step_id, "Status": "FAILED", "Reason": reason})
                continue
            answers.append({"StepId": step_id, "Status": "SUBMITTED"})
            step.canceled = True
            if step.state == "PENDING":
                _end(step, "CANCELLED", "Cancelled by user")
                continue
            step.state = "CANCEL_PENDING"
            if step.process is not None:
                (step.process.kill if kill else step.process.interrupt)()
        return answers

    def terminate(self, cluster_ids: list[str], *, code: str = "USER_REQUEST") -> None:
        """Terminate clusters. Raises ValidationError for an unknown one."""
        for cluster_id in cluster_ids:
            cluster = self._by_id.get(cluster_id)
            if cluster is None:
                raise ValidationError("Specified job flow ID does not exist.")
            self._terminate(cluster, code, "Terminated by user request")

    async def close(self) -> None:
        """End all steps and clusters."""
        for cluster in self._by_id.values():
            self._terminate(cluster, "INTERNAL_ERROR", "local AWS ends")
        lives = [cluster.life for cluster in self._by_id.values() if cluster.life is not None]
        await asyncio.gather(*self._running, *lives, return_exceptions=True)

    def _terminate(self, cluster: Cluster, code: str, reason: str) -> None:
        if cluster.has_ended:
            return
        cluster.state, cluster.code, cluster.reason = "TERMINATING", code, reason
        for step in cluster.steps:
            if step.state == "PENDING":
                _end(step, "CANCELLED", "Job terminated")
            elif step.is_active and step.process is not None:
                step.reason = "Job terminated"
                step.process.kill()
        self._tell_ended(cluster.id)
        cluster.changed.set()

    async def _live(self, cluster: Cluster) -> None:
        """Start, run steps, and end."""
        fault = self._faults.take("StartCluster")
        seconds = START_SECONDS / self._time_scale
        if fault is not None and fault.kind == "delay":
            seconds += fault.seconds
        await self._until_changed(cluster, seconds / 2)
        if not cluster.has_ended:
            cluster.state = "BOOTSTRAPPING"
        await self._until_changed(cluster, seconds / 2)
        if fault is not None and fault.kind == "fail":
            self._terminate(cluster, "BOOTSTRAP_FAILURE", "On the master instance, bootstrap action 1 failed")
        if not cluster.has_ended:
            cluster.ready = time.time()
        while not cluster.has_ended:
            await self._run_steps(cluster)
        cluster.ended = time.time()
        errors = {"BOOTSTRAP_FAILURE", "STEP_FAILURE", "INTERNAL_ERROR"}
        cluster.state = "TERMINATED_WITH_ERRORS" if cluster.code in errors else "TERMINATED"

    async def _until_changed(self, cluster: Cluster, seconds: float) -> None:
        """Wait, at most until the cluster is terminated."""
        until = time.monotonic() + seconds
        while not cluster.has_ended and (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.05))

    async def _run_steps(self, cluster: Cluster) -> None:
        """Start what may run, and wait for a change; end a cluster that has been idle for too long."""
        cluster.changed.clear()
        running = sum(step.state in {"RUNNING", "CANCEL_PENDING"} for step in cluster.steps)
        room = max(0, cluster.request.get("StepConcurrencyLevel", 1) - running)
        for step in itertools.islice([step for step in cluster.steps if step.state == "PENDING"], room):
            step.state, step.began = "RUNNING", time.time()
            task = asyncio.create_task(self._run(cluster, step))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        active = any(step.is_active for step in cluster.steps)
        cluster.state = "RUNNING" if active else "WAITING"
        if not active and not cluster.request["Instances"].get("KeepJobFlowAliveWhenNoSteps"):
            self._terminate(cluster, "ALL_STEPS_COMPLETED", "Steps completed")
            return
        idle = cluster.request.get("AutoTerminationPolicy", {}).get("IdleTimeout")
        try:
            wait = None if active or idle is None else idle / self._time_scale
            await asyncio.wait_for(cluster.changed.wait(), wait)
        except TimeoutError:
            self._terminate(cluster, "USER_REQUEST", "Auto-terminated: the cluster was idle")

    async def _run(self, cluster: Cluster, step: Step) -> None:
        process = step.process = StepProcess(
            step.config["HadoopJarStep"],
            endpoint_url=self._endpoint_url,
            new_s3=self._new_s3,
            cluster=cluster.id,
        )
        try:
            code = await process.run()
            ended = time.time()
            step.process = None
            fault = self._faults.take("Step")
            log_uri = cluster.request.get("LogUri", "")
            if log_uri and (fault is None or fault.kind != "no-logs"):
                await asyncio.to_thread(process.copy_logs, log_uri, f"{cluster.id}/steps/{step.id}")
            self._note_end(cluster, step, code, ended)
            while not (cluster.has_ended or process.has_left_nothing):
                await asyncio.sleep(_LINGER_SECONDS)
        finally:
            await process.forget()

    def _note_end(self, cluster: Cluster, step: Step, code: int, ended: float) -> None:
        if cluster.has_ended and code != 0:
            _end(step, "INTERRUPTED", "Job terminated", at=ended)
        elif step.canceled:
            _end(step, "CANCELLED", "Cancelled by user", at=ended)
        else:
            _end(step, "FAILED" if code else "COMPLETED", at=ended)
            if code:
                self._after_failure(cluster, step)
        cluster.changed.set()

    def _after_failure(self, cluster: Cluster, step: Step) -> None:
        action = step.config.get("ActionOnFailure", "CONTINUE")
        if action in {"TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW"}:
            self._terminate(cluster, "STEP_FAILURE", "Shut down as step failed")
        elif action == "CANCEL_AND_WAIT":
            for other in cluster.steps:
                if other.state == "PENDING":
                    _end(other, "CANCELLED", "A previous step failed.")


def _end(step: Step, state: str, reason: str = "", at: float | None = None) -> None:
    step.state, step.ended = state, time.time() if at is None else at
    step.reason = reason or step.reason


def _code(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
