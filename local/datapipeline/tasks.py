"""Tasks and polls of worker groups: offered in order, acknowledged in time, offered again.

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
    """A poll that is held; `task` is what it was answered with."""

    id: int
    worker_group: str
    hostname: str | None
    timer: Timer | None = None
    task: Task | None = None


class TaskEvents(Protocol):
    """What the life of an object has to know of its tasks."""

    def not_acknowledged(self, task: Task, now: datetime) -> bool:
        """Whether the same attempt is to be offered again."""
        ...

    def stalled(self, task: Task, now: datetime) -> bool:
        """No progress was reported in time. Whether the same attempt is to be offered again."""
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
        """A new task, offered at once: to the poll that has waited longest, else to the next."""
        self._count += 1
        task = Task(self._ids.task(attempt.id), worker_group, self._count, instance, attempt)
        self.by_id[task.id] = task
        self.offer(task, now)
        return task

    def offer(self, task: Task, now: datetime) -> None:
        """Puts a task among those that are ready, in the order in which they became so."""
        task.stop_timer()
        task.state = TaskState.READY
        polls = self._polls[task.worker_group]
        if polls:
            self._give(task, polls.pop(0), now)
        else:
            insort(self._ready[task.worker_group], (task.sequence, task), key=lambda entry: entry[0])

    def withdraw(self, task: Task) -> None:
        """Takes a task that no poll has had yet out of its queue."""
        task.stop_timer()
        if task.state is TaskState.READY:
            self._ready[task.worker_group].remove((task.sequence, task))
        task.state = TaskState.AWAY

    def close(self, task: Task, *, canceled: bool = False) -> None:
        self.withdraw(task)
        task.state = TaskState.OVER
        task.canceled = canceled

    def poll(self, worker_group: str, hostname: str | None, now: datetime) -> Poll:
        """Answered at once if a task is ready, else when one is, else empty after the hold."""
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
        """The client has gone. By the setting, the poll goes on waiting for a task that nobody will get."""
        if self._settings.dead_poll == "noticed" and poll in self._polls[poll.worker_group]:
            self._end(poll)

    def take_answered(self) -> list[Poll]:
        """The polls that were answered since the last call, in that order."""
        answered, self.answered = self.answered, []
        return answered

    def forget(self, task: Task) -> None:
        """Drop a task: its id is no longer known."""
        self.by_id.pop(task.id, None)

    def acknowledge(self, task: Task, now: datetime) -> None:
        """A report of progress: the first one takes the task, every one restarts the time to the next."""
        task.stop_timer()
        if task.state is not TaskState.HELD:
            self._leave_queue(task)
            task.state = TaskState.HELD
            self._events.acknowledged(task, now)
        deadline = now + self._events.progress_timeout(task)
        task.timer = self._timers.at(deadline, lambda when: self._silent(task, when))

    def waiting(self) -> dict[str, int]:
        """How many polls each worker group is holding."""
        return {group: len(polls) for group, polls in self._polls.items() if polls}

    def ready(self) -> dict[str, int]:
        """How many tasks wait for a poll of each worker group."""
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
        """The same attempt under a new taskId; the old one is over."""
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
