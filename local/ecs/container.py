"""One container: a process tree on this machine, with a limit of memory and a log."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.directories import remove_tree
from local.ecs.environment import Place
from local.ecs.memory import catches, largest_beyond, own_memory_mb
from local.ecs.plan import ContainerPlan
from local.lambda_runtime.log_stream import LogStream
from local.processes.descendants import send
from local.processes.tree import ProcessTree, User

OPEN_FILES = 65_535
"""The limit of files on AWS Fargate (developer guide, "Task definition parameters for Fargate", ulimits)."""
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
KILLED = 128 + signal.SIGKILL


class Container:
    """A container from its start to its end. Belongs to one event loop."""

    def __init__(self, plan: ContainerPlan, *, directory: Path, user: User | None, logs: LogStream) -> None:
        self.plan = plan
        self.place = Place.below(directory)
        self.out_of_memory = False
        self._directory = directory
        self._user = user
        self._logs = logs
        self._processes = ProcessTree(user=user, open_files=OPEN_FILES)

    def make_directories(self) -> None:
        """Make the container's own directories, which are all that it may have to itself."""
        self._directory.mkdir()
        self._directory.chmod(0o711)  # Whatever the umask, so that the user can enter.
        for path in (self.place.work, self.place.scratch, self.place.home):
            path.mkdir(mode=0o700)
            if self._user is not None:
                os.chown(path, self._user.uid, self._user.gid)
        if self._user is not None:
            # For programs that open /dev/stdout again.
            os.fchown(self._logs.write_end, self._user.uid, self._user.gid)

    async def start(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start its first process."""
        given = self.plan.working_directory
        await self._processes.start(
            argv,
            environment=environment,
            directory=Path(given) if given and os.access(given, os.X_OK) else self.place.work,
            output=self._logs.write_end,
        )
        self._logs.close_write_end()

    @property
    def exited(self) -> asyncio.Future[int]:
        """Its exit code as of subprocess, once its last process is gone."""
        return self._processes.exited

    @property
    def exit_code(self) -> int:
        """Its exit code as Docker counts: 128 plus the number of the signal that ended it."""
        code = self.exited.result()
        return 128 - code if code < 0 else code

    def used_memory_mb(self) -> dict[int, float]:
        """What each of its processes uses now."""
        return own_memory_mb(self._processes.processes)

    def run_out_of_memory(self, process: int) -> None:
        """Kill one of its processes, because there is not enough memory. Its first one ends the container."""
        self.out_of_memory = True
        send(process, signal.SIGKILL)

    async def stop(self, timeout: float) -> None:
        """SIGTERM to the first process, and after ``timeout`` seconds SIGKILL to all.

        The kernel ignores SIGTERM to the first process of a container that has no handler for it
        (pid_namespaces(7)), unless an init process forwards it (``initProcessEnabled``).
        """
        program = self._processes.program
        if program is not None and (self.plan.init_process or catches(program, signal.SIGTERM)):
            self._processes.send(signal.SIGTERM)
        await asyncio.wait({self.exited}, timeout=timeout)
        if not self.exited.done():
            self.kill()
            await self._processes.ended()

    def kill(self) -> None:
        """End it at once, with everything that it has started."""
        self._processes.kill()

    async def close(self) -> None:
        """Deliver the rest of its log, and remove its files. Only after its end."""
        with contextlib.suppress(TimeoutError):
            # A process that the kernel does not let go may still hold the pipe.
            await asyncio.wait_for(self._logs.drain(), timeout=2.0)
        self._logs.finish_line()
        await self._logs.flush()
        self._logs.close()
        await asyncio.to_thread(remove_tree, self._directory)


def limit_memory(containers: Sequence[Container], of_task_mb: int) -> None:
    """Kill the largest process of a container, or of the whole task, that uses more memory than it may."""
    of_task: dict[int, float] = {}
    for container in containers:
        used = container.used_memory_mb()
        of_task |= used
        too_large = largest_beyond(used, container.plan.memory_mb)
        if too_large is not None:
            container.run_out_of_memory(too_large)
            return
    too_large = largest_beyond(of_task, of_task_mb)
    for container in containers:
        if too_large in container.used_memory_mb():
            container.run_out_of_memory(too_large)
