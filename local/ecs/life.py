"""Runs tasks: starts their containers, watches them, and ends them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.datapipeline.faults import CONTAINER, Fault, Faults
from local.ecs.agent import Agent
from local.ecs.container import KILLED, OUT_OF_MEMORY, Container, limit_memory
from local.ecs.environment import container_environment
from local.ecs.image import find_program, why_no_image
from local.ecs.log_driver import NoLogError, OpenLog, log_place, refused
from local.ecs.plan import ContainerPlan
from local.ecs.task import ESSENTIAL_CONTAINER_EXITED, INTERRUPTED, Task
from local.lambda_runtime.log_stream import Deliver, LogEvent, LogStream
from local.processes.tree import User

_log = logging.getLogger(__name__)

MEMORY_SECONDS = 0.2
"""How often the memory of containers is looked at. Between two looks they may use more than they may."""
LEAST_STOP_SECONDS = 1.0
"""What stays of stopTimeout at any time scale: the programs that use it do not run faster."""
UNSTARTABLE = "Timeout waiting for network interface provisioning to complete."
"""The reason for a task that a fault keeps from starting, if the fault names none."""


class StartError(Exception):
    """A task cannot start. The message is its stoppedReason."""


@dataclass(frozen=True)
class Host:
    """What containers share on this machine."""

    directory: Path
    path: str
    """PATH of every container: see image.py."""
    libraries: Path
    user: User | None
    endpoint_url: str
    region: str
    open_log: OpenLog
    agent: Agent
    faults: Faults
    time_scale: float
    start_seconds: float
    """How long a task takes to start, in time that runs ``time_scale`` times as fast."""


class TaskLife:
    """All tasks that run. Belongs to one event loop."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._running: dict[str, list[Container]] = {}

    def kill(self) -> None:
        """End all containers at once."""
        for containers in self._running.values():
            for container in containers:
                container.kill()

    async def run(self, task: Task) -> None:
        """Run a task from its start to its end."""
        containers = self._running[task.id] = []
        fault = self._host.faults.take(CONTAINER)
        try:
            if await self._delayed(task, fault):
                await self._start(task, containers, fault)
                task.run()
                await self._watch(task, containers, fault)
        except StartError as error:
            task.stop("TaskFailedToStart", str(error))
        except asyncio.CancelledError:  # Local AWS ends, and waits for nothing.
            for container in containers:
                container.kill()
            raise
        except Exception as error:  # Whatever it is, the task must not run for ever.
            _log.exception("Task %s", task.arn)
            task.stop("TaskFailedToStart", f"ResourceInitializationError: {error!r}")
        finally:
            await self._end(task, containers)

    async def _delayed(self, task: Task, fault: Fault | None) -> bool:
        """Wait as long as AWS Fargate takes. Returns whether the task is still wanted."""
        seconds = self._host.start_seconds / self._host.time_scale
        if fault is not None and fault.kind == "delay":
            seconds += fault.seconds
        await _first(task.stop_requested.wait(), timeout=seconds * 2 / 3)
        task.pull()
        await _first(task.stop_requested.wait(), timeout=seconds / 3)
        return not task.stopping

    async def _start(self, task: Task, containers: list[Container], fault: Fault | None) -> None:
        if fault is not None and fault.kind == "unstartable":
            raise StartError(str(fault.answer or UNSTARTABLE))
        for plan in task.plan.containers:
            if plan.unsupported:
                raise StartError(
                    f"ResourceInitializationError: {', '.join(plan.unsupported)} of container {plan.name}: "
                    "local AWS does not have it"
                )
            reason = why_no_image(plan.image)
            if reason is not None:
                task.container(plan.name)["reason"] = reason
                raise StartError(reason)
            await self._start_container(task, plan, containers)

    async def _start_container(self, task: Task, plan: ContainerPlan, containers: list[Container]) -> None:
        host = self._host
        path = plan.environment.get("PATH") or host.path
        program = find_program(plan.argv[0], path) if plan.argv else None
        if program is None:
            reason = _not_found(plan.argv[0]) if plan.argv else _NO_ENTRY_POINT
            task.container(plan.name)["reason"] = reason
            raise StartError(reason)
        logs = LogStream(await self._log(task, plan), keep_tail=False)
        directory = host.directory / f"{task.id}-{plan.name}"
        container = Container(plan, directory=directory, user=host.user, logs=logs)
        container.make_directories()
        role = task.plan.task_role
        environment = container_environment(
            plan.environment,
            container.place,
            path=path,
            libraries=host.libraries,
            region=host.region,
            endpoint_url=host.endpoint_url,
            credentials_uri=f"{host.endpoint_url}{host.agent.credentials_path(task)}" if role else None,
            metadata_uri=f"{host.endpoint_url}{host.agent.metadata_path(task, plan.name)}",
        )
        await container.start([program, *plan.argv[1:]], environment)
        containers.append(container)

    async def _log(self, task: Task, plan: ContainerPlan) -> Deliver:
        if plan.logs is None:
            return _nowhere
        try:
            return await self._host.open_log(log_place(task, plan.name, plan.logs), plan.logs.create_group)
        except NoLogError as error:
            raise StartError(refused(error)) from error

    async def _watch(self, task: Task, containers: Sequence[Container], fault: Fault | None) -> None:
        """Wait until the task is to stop, or an essential container has ended."""
        misfortune = asyncio.ensure_future(_misfortune(task, containers, fault))
        stop = asyncio.ensure_future(task.stop_requested.wait())
        try:
            while not task.stopping:
                left = [container for container in containers if not container.exited.done()]
                ends: set[asyncio.Future[Any]] = {stop, *(container.exited for container in left)}
                await asyncio.wait(
                    ends,
                    timeout=MEMORY_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not left or any(c.exited.done() and c.plan.essential for c in containers):
                    task.stop(*ESSENTIAL_CONTAINER_EXITED)
                else:
                    limit_memory(left, task.plan.memory_mb)
        finally:
            for waiting in (misfortune, stop):
                waiting.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await waiting

    async def _end(self, task: Task, containers: list[Container]) -> None:
        await asyncio.gather(*(self._stop(container) for container in containers))
        for container in containers:
            if container.exited.done():
                record = task.container(container.plan.name)
                record["exitCode"] = container.exit_code
                if container.out_of_memory and container.exit_code == KILLED:
                    record["reason"] = OUT_OF_MEMORY
        if task.status == "RUNNING":
            task.move("DEPROVISIONING")
        closed = await asyncio.gather(*(each.close() for each in containers), return_exceptions=True)
        for error in closed:
            if isinstance(error, Exception):  # The task is over all the same.
                _log.error("The end of task %s", task.arn, exc_info=error)
        del self._running[task.id]
        self._host.agent.forget(task)
        task.over()

    async def _stop(self, container: Container) -> None:
        allowed = container.plan.stop_timeout_seconds
        await container.stop(min(allowed, max(allowed / self._host.time_scale, LEAST_STOP_SECONDS)))


_NOT_CREATED = "CannotStartContainerError: ResourceInitializationError: unable to create new container: "
_NO_ENTRY_POINT = (
    f"{_NOT_CREATED}local AWS has no images, and so not their entry points: give entryPoint or command"
)


def _not_found(program: str) -> str:
    return f'{_NOT_CREATED}exec: "{program}": executable file not found in $PATH'


async def _misfortune(task: Task, containers: Sequence[Container], fault: Fault | None) -> None:
    """Do to a running task what a fault asks for."""
    if fault is None or fault.kind not in ("interrupt", "kill"):
        return
    await asyncio.sleep(fault.seconds)
    if fault.kind == "interrupt":
        task.stop(*INTERRUPTED)
        return
    for container in containers:
        container.kill()


async def _first(work: Coroutine[Any, Any, Any], *, timeout: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(work, timeout)


async def _nowhere(events: Sequence[LogEvent]) -> None:
    """A container without a log driver that local AWS has."""
