"""Carries out a plan on a deployed stack, and counts the results."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from math import inf
from pathlib import Path
from random import Random
from statistics import median
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from tests.chaos.plan import EARNED, RETRIES, Batch, PlannedTask, plan
from tests.system.deployments import Deployment
from tests.system.ecs_tasks import left
from tests.system.executions import RUN_TASK, executions, state_machine
from tests.system.faults import enable_schedule, stop_loops, tick
from tests.system.pipelines import OVER, Fields, Pipeline, Ref, shell
from tests.system.pipelines import Run as Attempt

MOST_OPEN = 40
"""A batch starts only if no more tasks than this are open."""
OUTPUT = "Output"
LATEST_START_MINUTES = 96
"""The hour without ticks, and six periods of five minutes with the minute in which a tick falls: one until
the next poll, and one for each of the three faults and two deeds of a batch, as each may end a loop."""
REFUSED_STARTS_MINUTES = 30
"""More, for a task in a container: a batch has three faults for containers, each of which may refuse three
starts. RunTask waits 30, 60 and 120 s, and then six times 240 s."""
SETTLING_SECONDS = 240
"""The maximum time that the last tasks may take after the last fault."""

T = TypeVar("T")


@dataclass
class Figures:
    """The results of a run. None of the first four may be above 0."""

    lost: int = 0
    """Tasks that never ended."""
    stuck: int = 0
    """RunTask executions that never ended."""
    falsely_finished: int = 0
    """FINISHED, though the work was not done."""
    otherwise_wrong: int = 0
    """In another status than the earned one, or begun before the task that it depends on was done."""
    containers_left: int = 0
    """Containers that still run. None may."""
    tasks: int = 0
    in_containers: int = 0
    chained: int = 0
    """Tasks that depend on another one."""
    attempts: int = 0
    executions: int = 0
    reoffers: int = 0
    """RunTask executions beyond the first of an attempt."""
    duplicates: int = 0
    """Times that work started beyond the first of an attempt."""
    late: int = 0
    """Begun later than LATEST_START_MINUTES, or in a container REFUSED_STARTS_MINUTES after that."""
    latest_start_seconds: float = 0.0
    """From the moment a task is ready to the first start of its work, by the service's clock."""
    later_steps_seconds: float = 0.0
    """The same for the tasks that depend on another one: the median."""
    wrong: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether no task was lost, stuck, wrong or late, and no container is left."""
        wronged = self.lost or self.stuck or self.falsely_finished or self.otherwise_wrong
        return not (wronged or self.containers_left or self.late)


@dataclass
class _Open:
    task: PlannedTask
    pipeline: Pipeline
    activated_at: float
    canceled: bool = False


class Run:
    """One run. The tasks' commands record what they do in ``directory``."""

    def __init__(self, deployment: Deployment, directory: Path, *, seed: int, time_scale: float) -> None:
        self._deployment = deployment
        self._directory = directory
        self._seed = seed
        self._random = Random(seed)  # noqa: S311
        self._scale = time_scale
        self._open: dict[str, _Open] = {}
        self._ended: list[tuple[_Open, str]] = []

    def carry_out(self, tasks: int, *, outages: bool) -> Figures:
        """Run all batches, and then wait for the last task."""
        for number, batch in enumerate(plan(self._seed, tasks, outages=outages)):
            self._begin(number, batch)
            while len(self._open) > MOST_OPEN:
                self._look()
        self._deployment.faults.clear()
        enable_schedule(self._deployment)
        deadline = time.monotonic() + SETTLING_SECONDS
        while self._open and time.monotonic() < deadline:
            self._look()
        return self._figures(deadline)

    def _begin(self, number: int, batch: Batch) -> None:
        print(f"\rbatch {number}, {len(self._open)} open ", end="", file=sys.stderr, flush=True)
        objects = {task.name: self._fields(task) for task in batch.tasks}
        objects[OUTPUT] = {"type": "S3DataNode", "directoryPath": "s3://chaos/out"}
        pipeline = insist(lambda: Pipeline.put(self._deployment, objects))
        self._deployment.faults.add(*batch.faults)
        insist(pipeline.activate)
        for task in batch.tasks:
            self._open[task.name] = _Open(task, pipeline, time.time())
        for deed in batch.deeds:
            self._do(deed)
        if batch.down_minutes:
            seconds = batch.down_minutes * 60 / self._scale
            self._deployment.faults.add({"operation": "*", "kind": "down", "seconds": seconds})
            time.sleep(seconds)
        if batch.no_ticks_minutes:
            enable_schedule(self._deployment, enabled=False)
            time.sleep(batch.no_ticks_minutes * 60 / self._scale)
            enable_schedule(self._deployment)

    def _fields(self, task: PlannedTask) -> Fields:
        log = self._directory / task.name
        begun, done = (f"date +%s.%N >> {log}.{what}" for what in ("begun", "done"))
        work = {
            "finishes": done,
            "works a while": f"sleep 1.{len(task.name) % 10}; {done}",
            "fails once": f"test $(wc -l < {log}.begun) -gt 1 && {done}",
            "fails": "exit 3",
            "has no handler": done,
            "is canceled": f"sleep 600; {done}",
            "spoils its environment": f"{done}; {task.hostile_act}; exit 0",
            "kills its handler once": f"test $(wc -l < {log}.begun) -gt 1 || kill -9 $PPID; {done}",
            "leaves output that cannot be staged": f"{task.hostile_act}; exit 0",
        }[task.kind]
        more: dict[str, str | Ref] = {}
        if task.kind == "has no handler":
            more["myHandler"] = "nobody"
        elif task.in_container:
            more["myHandler"] = "boxed"
        if task.kind == "leaves output that cannot be staged":
            more |= {"stage": "true", "output": Ref(OUTPUT)}
        if task.after is not None:
            more["dependsOn"] = Ref(task.after.name)
        retried = EARNED[task.kind] != "FAILED"
        retries = {"maximumRetries": RETRIES if retried else "0", "retryDelay": "2 minutes"}
        return shell(f"{begun}; {work}", failureAndRerunMode="CASCADE", **retries, **more)

    def _do(self, deed: str) -> None:
        if deed == "tick again":
            tick(self._deployment, self._random.randint(1, 3))
        elif deed == "abort the loops":
            stop_loops(self._deployment)
        else:
            pages = self._deployment.stepfunctions.get_paginator("list_executions").paginate(
                stateMachineArn=state_machine(self._deployment, RUN_TASK), statusFilter="RUNNING"
            )
            running = [execution["executionArn"] for page in pages for execution in page["executions"]]
            if running:
                # It may have ended by itself in the meantime.
                with contextlib.suppress(ClientError):
                    self._deployment.stepfunctions.stop_execution(executionArn=self._random.choice(running))

    def _look(self) -> None:
        """Check which tasks are over by now. Cancels those to be canceled that have started."""
        for pipeline in {entry.pipeline.id: entry.pipeline for entry in self._open.values()}.values():
            for name, status, instance in insist(partial(self._instances, pipeline)):
                entry = self._open.get(name)
                if entry is None:
                    continue
                if status in OVER:
                    self._ended.append((self._open.pop(name), status))
                elif entry.task.kind == "is canceled" and self._lines(name, "begun") and not entry.canceled:
                    entry.canceled = True
                    self._cancel(pipeline, instance)
        time.sleep(0.5)

    def _instances(self, pipeline: Pipeline) -> list[tuple[str, str, str]]:
        """The name, status and id of each instance."""
        found_instances = []
        client = self._deployment.datapipeline
        ids = client.query_objects(pipelineId=pipeline.id, sphere="INSTANCE")["ids"]
        for start in range(0, len(ids), 25):
            answer = client.describe_objects(pipelineId=pipeline.id, objectIds=ids[start : start + 25])
            for found in answer["pipelineObjects"]:
                fields = {field["key"]: field.get("stringValue", "") for field in found["fields"]}
                name = found["id"].lstrip("@").partition("_")[0]
                found_instances.append((name, fields.get("@status", ""), found["id"]))
        return found_instances

    def _cancel(self, pipeline: Pipeline, instance: str) -> None:
        insist(
            lambda: self._deployment.datapipeline.set_status(
                pipelineId=pipeline.id, objectIds=[instance], status="TRY_CANCEL"
            )
        )

    def _lines(self, name: str, what: str) -> list[str]:
        log = self._directory / f"{name}.{what}"
        return log.read_text().splitlines() if log.exists() else []

    def _figures(self, deadline: float) -> Figures:
        figures = Figures(tasks=len(self._ended) + len(self._open), lost=len(self._open))
        figures.wrong += [f"{name} never ended" for name in self._open]
        while (running := self._running()) and time.monotonic() < deadline:
            time.sleep(0.5)
        figures.stuck = len(running)
        figures.wrong += [f"{arn} never ended" for arn in running]
        while (remaining := insist(lambda: left(self._deployment))) and time.monotonic() < deadline:
            time.sleep(0.5)
        figures.containers_left = len(remaining)
        figures.wrong += [f"{arn} still runs" for arn in remaining]
        started = self._executions_by_task()
        attempts = {
            entry.task.name: insist(partial(entry.pipeline.attempts, entry.task.name))
            for entry, _ in self._ended
        }
        ready = self._ready(attempts)
        delays: list[tuple[float, bool]] = []
        for entry, status in self._ended:
            task = entry.task
            begun, done = self._lines(task.name, "begun"), self._lines(task.name, "done")
            figures.attempts += len(attempts[task.name])
            figures.in_containers += task.in_container
            figures.chained += task.after is not None
            figures.executions += started.get(task.name, 0)
            figures.reoffers += max(0, started.get(task.name, 0) - len(attempts[task.name]))
            figures.duplicates += max(0, len(begun) - len(attempts[task.name]))
            if begun:
                delay = (float(begun[0]) - ready[task.name]) * self._scale
                delays.append((round(delay, 1), task.after is not None))
                refused = REFUSED_STARTS_MINUTES if task.in_container else 0
                if delay > (LATEST_START_MINUTES + refused) * 60:
                    figures.late += 1
                    figures.wrong.append(
                        f"{task.name} {task.kind}, was begun {delay:.0f} s after it was ready"
                    )
            if status == "FINISHED" and not done:
                figures.falsely_finished += 1
            elif status != task.earned or self._is_too_early(task):
                figures.otherwise_wrong += 1
            else:
                continue
            figures.wrong.append(
                f"{task.name} {task.kind}, but is {status}; begun {begun}, done {done}; after {task.after}"
            )
        figures.latest_start_seconds = max((delay for delay, _ in delays), default=0.0)
        later = [delay for delay, is_later in delays if is_later]
        figures.later_steps_seconds = round(median(later), 1) if later else 0.0
        return figures

    def _ready(self, attempts: Mapping[str, Sequence[Attempt]]) -> dict[str, float]:
        """When each task became ready, by this machine's clock.

        The service says it by its own clock. The first tasks of a pipeline are ready when it is activated.
        """
        first: dict[str, float] = {
            name: datetime.fromisoformat(found[0].fields["@actualStartTime"]).timestamp()
            for name, found in attempts.items()
            if found
        }
        activated: dict[str, float] = {}
        for entry, _ in self._ended:
            if entry.task.name in first:
                earlier = activated.get(entry.pipeline.id, inf)
                activated[entry.pipeline.id] = min(earlier, first[entry.task.name])
        return {
            name: entry.activated_at + (first[name] - activated[entry.pipeline.id]) / self._scale
            for entry, _ in self._ended
            if (name := entry.task.name) in first
        }

    def _is_too_early(self, task: PlannedTask) -> bool:
        """Whether its work began though the task that it depends on was not done."""
        begun = self._lines(task.name, "begun")
        if task.after is None or not begun:
            return False
        done = self._lines(task.after.name, "done")
        return not done or float(begun[0]) < float(done[0])

    def _running(self) -> list[str]:
        by_status = executions(self._deployment, RUN_TASK)
        return [arn for arn, status in by_status.items() if status == "RUNNING"]

    def _executions_by_task(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for arn in executions(self._deployment, RUN_TASK):
            name = arn.rpartition(":")[2].partition("-")[0]
            counts[name] = counts.get(name, 0) + 1
        return counts


def insist(call: Callable[[], T]) -> T:
    """Call the service as its user until it answers: it may be down."""
    while True:
        try:
            return call()
        except (BotoCoreError, ClientError) as error:
            code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
            if code not in ("", "InternalServiceError", "ThrottlingException"):
                raise
            time.sleep(1)
