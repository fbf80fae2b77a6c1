"""PollLoop in virtual time. The deployed code decides what it does, and how fast it polls."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from local.datapipeline.model import Task
from local.datapipeline.tasks import Poll
from local.simulation.listing import Listing
from local.simulation.run_task import RunTask
from local.simulation.world import World, after
from poller import polling
from poller.loop import Decision, Limits, LoopState, Next, PollResult
from poller.pace import LastPace
from poller.round import (
    CountRunningTasks,
    FindActivity,
    FindEarlierLoop,
    LogRound,
    Round,
    SendHeartbeat,
    SendPoll,
    Sleep,
    play_invocation,
)

LONGEST_INVOCATION_SECONDS = 900.0


class PollLoop:
    """PollLoop of one worker group, and the schedule that starts it."""

    def __init__(self, world: World, run_task: RunTask, group: str) -> None:
        self.world = world
        self.group = group
        scenario = world.scenario
        self.limits = Limits(
            scenario.period,
            scenario.poll_timeout,
            scenario.max_concurrent_tasks,
            linger=60 * scenario.linger_minutes,
        )
        self.listing = Listing(scenario.listing_lag)
        self.last_pace = LastPace()
        self.running: set[datetime] = set()
        """When each execution that runs was started."""
        self._run_task = run_task

    def schedule(self, due: datetime) -> None:
        """Schedule the tick that is due, and the next one with it."""
        world = self.world
        if world.is_over(due):
            return
        fires = after(due, world.random.uniform(0, world.scenario.delays.tick))
        world.timers.at(due, lambda when: self.schedule(after(when, self.limits.period)))
        world.timers.at(fires, self._tick)

    def _tick(self, now: datetime) -> None:
        self.world.usage.ticks += 1
        self.world.usage.executions += 1
        self.running.add(now)
        self._poll(now, LoopState(pace=self.last_pace.of_loop(now)), now)

    def _poll(self, started: datetime, state: LoopState, now: datetime) -> None:
        """The state Poll: an invocation of the poller."""
        delays = self.world.scenario.delays
        self.world.usage.poll_loop_transitions += 1
        self.world.usage.polls += 1
        _Invocation(self, started, state, after(now, delays.transition + delays.invocation)).go_on(None)

    def follow(self, decision: Decision, started: datetime, now: datetime, task: Task | None) -> None:
        """The states Next and StartTask, Wait or Done."""
        world = self.world
        transition = world.scenario.delays.transition
        world.usage.poll_loop_transitions += 1
        then = after(now, transition)
        if decision.next is not Next.POLL:
            world.usage.poll_loop_transitions += 1
            then = after(then, transition)
        if task is not None:
            world.timers.at(then, lambda when: self._start(task, when))
        if decision.next is Next.STOP:
            self.running.discard(started)
        else:
            again = after(then, decision.wait_seconds)
            world.timers.at(again, lambda when: self._poll(started, decision.state, when))

    def _start(self, task: Task, now: datetime) -> None:
        self.listing.started(now)
        self._run_task.start(task, now, self.listing.ended)


class _Invocation:
    """One invocation of the poller: does in virtual time what poll_for_task.py does on AWS."""

    def __init__(self, loop: PollLoop, started: datetime, state: LoopState, now: datetime) -> None:
        self._loop = loop
        self._world = loop.world
        self._started = started
        self._now = now
        self._times_out = after(now, min(LONGEST_INVOCATION_SECONDS, self._world.scenario.period + 150))
        self._task: Task | None = None
        self._steps = play_invocation(
            state,
            started_at=started,
            limits=loop.limits,
            last_pace=loop.last_pace,
            now=lambda: self._now,
            jitter=self._world.random.random,
            seconds_left=lambda: (self._times_out - self._now).total_seconds(),
        )

    def go_on(self, result: Any) -> None:
        """Do the steps up to one that takes time. ``result`` is the last one's."""
        request = self._world.scenario.delays.request
        try:
            while True:
                match self._steps.send(result):
                    case CountRunningTasks():
                        return self._after(request, self._loop.listing.running(self._now))
                    case FindActivity():
                        return self._after(request, self._loop.listing.activity(self._now))
                    case FindEarlierLoop():
                        return self._after(
                            request, any(other < self._started for other in self._loop.running)
                        )
                    case SendHeartbeat():
                        return self._after(request, False)
                    case LogRound():
                        self._world.usage.polls_in_invocations += 1
                        result = None
                    case Sleep(seconds):
                        return self._after(seconds, None)
                    case SendPoll(timeout):
                        return self._send(timeout)
        except StopIteration as end:
            self._end(end.value)

    def _after(self, seconds: float, result: Any) -> None:
        self._world.usage.poller_seconds += seconds

        def awake(now: datetime) -> None:
            self._now = now
            self.go_on(result)

        self._world.timers.at(after(self._now, seconds), awake)

    def _send(self, timeout: float) -> None:
        world, sent = self._world, self._now
        request = world.scenario.delays.request

        def over(result: PollResult, when: datetime) -> None:
            world.usage.poller_seconds += (when - sent).total_seconds()
            self._now = when
            self.go_on(polling.Poll(result))

        if not world.throttle.admits("PollForTask", sent):
            world.usage.throttled_polls += 1
            over(PollResult.THROTTLED, after(sent, request))
            return

        def answered(poll: Poll, at: datetime) -> None:
            self._task = poll.task
            over(PollResult.TASK if poll.task else PollResult.EMPTY, after(at, request))

        def give_up(when: datetime) -> None:
            if world.abandon(poll):
                over(PollResult.ABANDONED, when)

        poll = world.poll(self._loop.group, sent, answered)
        world.answer(sent)
        world.timers.at(after(sent, timeout), give_up)

    def _end(self, played: Round) -> None:
        if played.failed:
            self._world.usage.failed_loops += 1
            self._loop.running.discard(self._started)
            return
        self._loop.follow(played.decision, self._started, self._now, self._task)
