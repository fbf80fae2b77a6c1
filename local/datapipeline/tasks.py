"""Tasks and polls of worker groups: tasks are offered in order, must be acknowledged in time, or come again.

API Reference, PollForTask and ReportTaskProgress.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from local.datapipeline.ids import Ids
from local.datapipeline.model import Attempt, Instance, Task, TaskState
from local.datapipeline.settings import Settings
from local.datapipeline.timers import Timer, Timers


@dataclass(eq=False)
class Poll:
    """A poll that is held, or has been answered. `task` is the task it was given, if any."""

    id: int
    worker_group: str
    hostname: str | None
    timer: Timer | None = None
    task: Task | None = None


class TaskEvents(Protocol):
    """What a TaskBoard reports and asks."""

    def not_acknowledged(self, task: Task, now: datetime) -> bool:
        """Nobody acknowledged the task in time. Returns whether to offer the same attempt again."""
        ...

    def stalled(self, task: Task, now: datetime) -> bool:
        """Nobody reported progress in time. Returns whether to offer the same attempt again."""
        ...

    def acknowledged(self, task: Task, now: datetime) -> None: ...

    def progress_timeout(self, task: Task) -> timedelta: ...


class TaskBoard:
    def __init__(self, settings: Settings, timers: Timers, ids: Ids, events: TaskEvents) -> None:
        self._settings = settings
        self._timers = timers
        self._ids = ids
        self._events = events
        self._ready: dict[str, list[tuple[int, Task]]] = defaultdict(list)
        self._polls: dict[str, list[Poll]] = defaultdict(list)
        self._count = 0
        self.by_id: dict[str, Task] = {}
        self.answered: list[Poll] = []

    def open(self, worker_group: str, instance: Instance, attempt: Attempt, now: datetime) -> Task:
        """Create a task and offer it at once, to the poll that has waited longest or else the next one."""
        self._count += 1
        task = Task(self._ids.task(attempt.id), worker_group, self._count, instance, attempt)
        self.by_id[task.id] = task
        self.offer(task, now)
        return task

    def offer(self, task: Task, now: datetime) -> None:
        """Put a task among those that are ready, ordered by when they were first ready."""
        task.stop_timer()
        task.state = TaskState.READY
        polls = self._polls[task.worker_group]
        if polls:
            self._give(task, polls.pop(0), now)
        else:
            insort(self._ready[task.worker_group], (task.sequence, task), key=lambda entry: entry[0])

    def withdraw(self, task: Task) -> None:
        """Take a task that no poll has received out of its queue."""
        task.stop_timer()
        if task.state is TaskState.READY:
            self._ready[task.worker_group].remove((task.sequence, task))
        task.state = TaskState.AWAY

    def close(self, task: Task, *, canceled: bool = False) -> None:
        self.withdraw(task)
        task.state = TaskState.OVER
        task.canceled = canceled

    def poll(self, worker_group: str, hostname: str | None, now: datetime) -> Poll:
        """Start a poll. It is answered when a task is ready, perhaps at once, or empty after the hold."""
        self._count += 1
        poll = Poll(self._count, worker_group, hostname)
        ready = self._ready[worker_group]
        if ready:
            self._give(ready.pop(0)[1], poll, now)
            return poll
        self._polls[worker_group].append(poll)
        poll.timer = self._timers.at(now + self._settings.poll_hold, lambda _: self._end(poll))
        return poll

    def abandon(self, poll: Poll) -> None:
        """Note that a poll's client has gone. Depending on the setting, it may still swallow a task."""
        if self._settings.dead_poll == "noticed" and poll in self._polls[poll.worker_group]:
            self._end(poll)

    def take_answered(self) -> list[Poll]:
        """The polls that were answered since the last call, in order."""
        answered, self.answered = self.answered, []
        return answered

    def forget(self, task: Task) -> None:
        """Forget a task. Its id becomes unknown."""
        self.by_id.pop(task.id, None)

    def acknowledge(self, task: Task, now: datetime) -> None:
        """Take a progress report. The first one acknowledges the task; each one restarts the timeout."""
        task.stop_timer()
        if task.state is not TaskState.HELD:
            self._leave_queue(task)
            task.state = TaskState.HELD
            self._events.acknowledged(task, now)
        deadline = now + self._events.progress_timeout(task)
        task.timer = self._timers.at(deadline, lambda when: self._silent(task, when))

    def waiting(self) -> dict[str, int]:
        """How many polls each worker group holds."""
        return {group: len(polls) for group, polls in self._polls.items() if polls}

    def ready(self) -> dict[str, int]:
        """How many tasks of each worker group wait for a poll."""
        return {group: len(tasks) for group, tasks in self._ready.items() if tasks}

    def _leave_queue(self, task: Task) -> None:
        if task.state is TaskState.READY:
            self._ready[task.worker_group].remove((task.sequence, task))

    def _end(self, poll: Poll) -> None:
        self._polls[poll.worker_group].remove(poll)
        self._answer(poll)

    def _answer(self, poll: Poll) -> None:
        if poll.timer is not None:
            poll.timer.cancel()
        self.answered.append(poll)

    def _give(self, task: Task, poll: Poll, now: datetime) -> None:
        task.state = TaskState.OFFERED
        task.offers += 1
        task.attempt.hostname = poll.hostname
        if task.offers > 1 and self._settings.reoffer_task_id == "new":
            task = self._renew(task)
        poll.task = task
        deadline = now + self._settings.acknowledge_within
        task.timer = self._timers.at(deadline, lambda when: self._silent(task, when))
        self._answer(poll)

    def _renew(self, old: Task) -> Task:
        """Offer the same attempt under a new taskId. The old task is over."""
        task = Task(self._ids.task(old.attempt.id), old.worker_group, old.sequence, old.instance, old.attempt)
        task.state, task.offers = old.state, old.offers
        old.state = TaskState.OVER
        task.attempt.task = task
        self.by_id[task.id] = task
        return task

    def _silent(self, task: Task, now: datetime) -> None:
        task.timer = None
        held = task.state is TaskState.HELD
        again = self._events.stalled(task, now) if held else self._events.not_acknowledged(task, now)
        if again:
            self.offer(task, now)
