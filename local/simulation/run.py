"""One run: pipelines, polls and tasks as events in virtual time."""

from __future__ import annotations

from datetime import timedelta

from local.simulation.host import Host
from local.simulation.poll_loop import PollLoop
from local.simulation.run_task import RunTask
from local.simulation.scenario import START, Scenario
from local.simulation.usage import Usage
from local.simulation.world import World

LONGEST_AFTER = timedelta(days=1)
"""How long a run waits for unfinished tasks after the last arrival."""


def simulate(scenario: Scenario) -> Usage:
    """Run the scenario until its last task ends. The same scenario always gives the same counts."""
    world = World(scenario)
    run_task = RunTask(world)
    for number in range(scenario.worker_groups):
        group = f"group-{number}"
        if scenario.host:
            Host(world, run_task, group).start(START)
        else:
            PollLoop(world, run_task, group).schedule(START)
    for now in world.moments():
        if world.is_over(now) or now >= world.end + LONGEST_AFTER:
            break
    world.usage.not_ended = world.tasks_left
    return world.usage
