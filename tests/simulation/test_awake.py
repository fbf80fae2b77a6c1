"""A group that is awake, while what it relies on goes wrong or changes: chains lose nothing but time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import accumulate, pairwise

import pytest

from poller.loop import Limits
from tests.local.datapipeline.account import shell
from tests.simulation.undocumented import (
    BOUND,
    NEVER_AWAKE,
    WORST,
    Machines,
    instances,
    lateness,
    nothing_is_left,
    settings_of,
    start,
)
from tests.simulation.world import LIMITS, PERIOD_SECONDS, START, World

STEPS = 6
CONTINUOUS = Limits(period=PERIOD_SECONDS, poll_timeout=95)
SOON = timedelta(seconds=5)

both = pytest.mark.parametrize("row", [{}, WORST], ids=["as-assumed", "worst"])


def a_chain(world: World, name: str = "Step", steps: int = STEPS) -> str:
    """Steps that are, in turn, shorter and longer than a period."""
    retried = {"maximumRetries": "3", "retryDelay": "2 minutes"}
    return start(
        world,
        name,
        shell(f"{name}0", **retried),
        *(
            shell(f"{name}{number}", dependsOn=(f"{name}{number - 1}",), **retried)
            for number in range(1, steps)
        ),
    )


def work(component: str, _: int) -> tuple[float, str]:
    return (400.0 if int(component[-1]) % 2 else 60.0), "FINISHED"


def world_with(machines: Machines, row: Mapping[str, str], limits: Limits = LIMITS) -> World:
    return World(machines, settings_of(row), work, seed=2, limits=limits)


def all_is_done(world: World, pipeline: str) -> list[timedelta]:
    """How late each step was. Fails unless each has run once and nothing is left."""
    assert set(instances(world, pipeline).values()) == {"FINISHED"}
    assert len(world.begun) == len({component for component, _ in world.begun})
    nothing_is_left(world)
    late = lateness(world)
    return [late[component] for component, _ in world.begun]


@both
def test_a_slot_ends_while_the_group_is_awake(machines: Machines, row: Mapping[str, str]) -> None:
    """Two loops poll at once for no longer than one poll, as with continuous polling."""
    world = world_with(machines, row)
    pipeline = a_chain(world)
    world.run(hours=2)
    first, *later = all_is_done(world, pipeline)
    assert first <= BOUND
    assert max(later) <= SOON
    assert world.polls_of_an_invocation >= 3
    assert world.most_polls == 2
    assert {loop.status for loop in world.loops} == {"SUCCEEDED"}


@both
def test_the_group_falls_asleep_and_wakes_again(machines: Machines, row: Mapping[str, str]) -> None:
    world = world_with(machines, row)
    a_chain(world)
    world.run(hours=2)
    assert [state for loop in world.loops[-6:] for state in loop.entered] == ["Poll", "Next", "Done"] * 6
    again = a_chain(world, "Again")
    world.run(hours=2)
    late = all_is_done(world, again)
    assert late[STEPS] <= BOUND
    assert max(late[STEPS + 1 :]) <= SOON


@both
def test_the_poller_is_killed_in_the_third_poll_of_an_invocation(
    machines: Machines, row: Mapping[str, str]
) -> None:
    """The loop fails, and the next tick finds the group with work. A poll of the dead may take a task."""
    world = world_with(machines, row)
    world.killed_at_poll = 3
    pipeline = a_chain(world)
    world.run(hours=2)
    late = all_is_done(world, pipeline)
    assert world.killed_at_poll == 0
    assert [loop.status for loop in world.loops].count("FAILED Sandbox.Timedout") == 1
    assert max(late) <= BOUND
    assert world.most_polls <= 2


@both
@pytest.mark.parametrize("seconds", [30, 700])
def test_list_executions_is_stale(machines: Machines, row: Mapping[str, str], seconds: float) -> None:
    """If it misses what runs, the group sleeps on, and a step waits for the next tick at most."""
    world = world_with(machines, row)
    world.stale_seconds = seconds
    pipeline = a_chain(world)
    world.run(hours=3)
    late = all_is_done(world, pipeline)
    assert max(late) <= BOUND
    if seconds < PERIOD_SECONDS:
        assert max(late[1:]) <= SOON


@both
def test_the_runner_is_told_to_end_while_the_group_is_awake(
    machines: Machines, row: Mapping[str, str]
) -> None:
    """Each loop ends after its first poll, so a task starts with a tick."""
    world = world_with(machines, row)
    pipeline = a_chain(world)
    world.told_to_end = (START + timedelta(minutes=12), START + timedelta(minutes=32))
    world.run(hours=3)
    late = all_is_done(world, pipeline)
    assert max(late) <= BOUND
    polled = [loop.entered.count("Poll") for loop in world.loops[3:6]]
    assert max(polled) <= 2, polled


@both
def test_no_more_tasks_run_than_may_while_the_group_is_awake(
    machines: Machines, row: Mapping[str, str]
) -> None:
    world = world_with(machines, row, replace(LIMITS, max_concurrent_tasks=1))
    pipelines = [a_chain(world, name) for name in ("Step", "Other")]
    world.run(hours=4)
    for pipeline in pipelines:
        assert set(instances(world, pipeline).values()) == {"FINISHED"}
    nothing_is_left(world)
    runs = sorted((run.started_at, run.ended_at) for run in world.run_tasks.values() if run.ended_at)
    assert len(runs) == 2 * STEPS
    assert all(ended <= begins for (_, ended), (begins, _) in pairwise(runs))


@both
@pytest.mark.parametrize(
    ("before", "after"),
    [(LIMITS, NEVER_AWAKE), (LIMITS, CONTINUOUS), (NEVER_AWAKE, LIMITS), (CONTINUOUS, LIMITS)],
    ids=["linger-0", "continuous", "from-linger-0", "from-continuous"],
)
def test_a_deployment_changes_how_the_group_wakes(
    machines: Machines, row: Mapping[str, str], before: Limits, after: Limits
) -> None:
    """Loops go on with the state of the release before, and with the new function's timeout."""
    world = world_with(machines, row, before)
    pipelines = [a_chain(world, name) for name in ("Step", "Other")]
    # A task that ends after the deployment is followed by another one in the same slot.
    while len(world.begun) < 2:
        world.run(seconds=1)
    world.run(seconds=20)
    world.limits = after
    world.run(hours=4)
    for pipeline in pipelines:
        late = all_is_done(world, pipeline)
    assert max(late) <= BOUND
    assert {loop.status for loop in world.loops} <= {"SUCCEEDED", "RUNNING"}


@pytest.mark.parametrize("limits", [LIMITS, CONTINUOUS], ids=["wakes", "continuous"])
@pytest.mark.parametrize("most", [1, 2])
def test_two_loops_together_keep_to_max_concurrent_tasks(
    machines: Machines, limits: Limits, most: int
) -> None:
    """Each would count no task before its poll is held; then more tasks than may run come at once."""
    limited = replace(limits, max_concurrent_tasks=most)
    for seed in range(12):
        world = World(machines, settings_of({}), lambda *_: (100.0, "FINISHED"), limits=limited, seed=seed)
        start(world, "First", shell("First"))
        while len(world.loops) < 3:
            world.run(seconds=1)
        world.run(seconds=7 * seed)
        start(world, "Burst", *(shell(f"Task{number}") for number in range(most + 1)))
        world.run(hours=1)
        runs = world.run_tasks.values()
        assert len(runs) == most + 2
        ends = [(run.started_at, 1) for run in runs] + [(run.ended_at, -1) for run in runs if run.ended_at]
        assert max(accumulate(change for _, change in sorted(ends))) <= most


def test_a_task_of_the_slot_before_wakes_the_group(machines: Machines) -> None:
    """The last poll of a slot brings it, after the next tick has found the group without work."""
    for seconds in range(0, 90, 6):
        world = World(machines, settings_of({}), lambda *_: (20.0, "FINISHED"))
        start(world, "First", shell("First"))
        world.run(minutes=7)
        (first,) = world.run_tasks.values()
        assert first.ended_at is not None
        while world.loops[-1].started_at < first.ended_at + timedelta(seconds=LIMITS.linger):
            world.run(seconds=1)
        world.run(seconds=seconds)
        start(world, "Chain", shell("A"), shell("B", dependsOn=("A",)))
        world.run(hours=1)
        assert lateness(world)["B"] <= SOON, seconds
