"""A host that runs AWS's Java Task Runner: it polls all the time.

Each of its threads polls, works on the task that the poll brings, and polls again (developer guide, Task
Runner Threads and Preconditions). A poll is held until it is answered (API Reference, PollForTask), so it
abandons none.
"""

from __future__ import annotations

from datetime import datetime

from local.datapipeline.tasks import Poll
from local.simulation.run_task import RunTask
from local.simulation.world import World, after

THROTTLED_SECONDS = 0.5
"""How long a thread waits after a throttled poll: an account has 2 polls a second."""


class Host:
    """The Task Runner of one worker group."""

    def __init__(self, world: World, run_task: RunTask, group: str) -> None:
        self._world = world
        self._run_task = run_task
        self._group = group
        self._has_threads_left = world.scenario.host_threads is None

    def start(self, now: datetime) -> None:
        """Start the threads. If there is always one left, one that polls stands for all that do."""
        for _ in range(self._world.scenario.host_threads or 1):
            self._world.timers.at(now, self._poll)

    def _poll(self, now: datetime) -> None:
        world, request = self._world, self._world.scenario.delays.request
        if world.is_over(now):
            return
        if not world.throttle.admits("PollForTask", now):
            world.usage.throttled_polls += 1
            world.timers.at(after(now, THROTTLED_SECONDS), self._poll)
            return

        def answered(poll: Poll, at: datetime) -> None:
            arrived = after(at, request)
            if poll.task is not None:
                self._run_task.start(poll.task, arrived, self._free)
            if poll.task is None or self._has_threads_left:
                world.timers.at(arrived, self._poll)

        world.usage.polls += 1
        world.poll(self._group, now, answered)
        world.answer(now)

    def _free(self, now: datetime) -> None:
        if not self._has_threads_left:
            self._world.timers.at(now, self._poll)
