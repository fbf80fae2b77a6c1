"""What AWS leaves undocumented, both ways: every pair of settings together, and all of them at their worst.

The definitions are those of the synthesized template and the poller is the deployed code, with a worker
group's defaults: `rate(5 minutes)`, polls of 10 s, a linger of 10 minutes; or no linger. Time is virtual, so
that every figure is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from itertools import combinations
from random import Random
from typing import Any

import pytest

from infra.handlers import exists
from infra.worker_group import WorkerGroup
from poller.loop import Limits
from tests.infra.conftest import synthesize
from tests.infra.state_machines import definitions
from tests.local.datapipeline.account import pipeline_object, shell
from tests.simulation.interpreter import StateError
from tests.simulation.undocumented import (
    BOUND,
    CHOICES,
    MATRIX,
    NEVER_AWAKE,
    WORST,
    Machines,
    instances,
    lateness,
    nothing_is_left,
    settings_of,
    start,
)
from tests.simulation.world import LIMITS, PERIOD_SECONDS, SCHEDULERS_MINUTE, START, World

SOON = timedelta(seconds=5)
PIPELINES = 8
ESCAPED = r"grep '\\.csv$' a\b"
"""A command with a doubled backslash, and with one that is not."""
STATES = ("ReportProgress", "Route", "ShellCommandActivity", "Outcome", "SetTaskStatus")


def test_all_pairs_are_there() -> None:
    for first, second in combinations(CHOICES, 2):
        together = {(row[first], row[second]) for row in MATRIX}
        assert together == {(a, b) for a in CHOICES[first] for b in CHOICES[second]}


@pytest.mark.parametrize("limits", [NEVER_AWAKE, LIMITS], ids=["linger-0", "defaults"])
@pytest.mark.parametrize("row", MATRIX, ids=lambda row: "worst" if row is WORST else None)
def test_each_task_ends_as_it_earned_and_starts_within_the_bound(
    machines: Machines, row: Mapping[str, str], limits: Limits
) -> None:
    """If the group wakes, what another task makes ready starts within 5 s.

    A few of a hundred wait for a tick that comes late in its minute, when the last poll of the slot is over.
    """

    def work(component: str, times: int) -> tuple[float, str]:
        if component.startswith("Check"):
            return 1, "FALSE" if times < 2 else "FINISHED"
        if component.startswith("Flaky"):
            return 30, "FAILED" if times == 0 else "FINISHED"
        return {"Bad": (5.0, "FAILED"), "Long": (1_500.0, "FINISHED"), "Next": (400.0, "FINISHED")}.get(
            component.rstrip("0123456789"), (20.0, "FINISHED")
        )

    world = World(machines, settings_of(row), work, seed=MATRIX.index(dict(row)), limits=limits)
    random = Random(1)  # noqa: S311
    retried = {"maximumRetries": "3", "retryDelay": "2 minutes"}
    pipelines = []
    for number in range(PIPELINES):
        # At any moment of a period, and so at any moment of a poll that was given up.
        world.run(seconds=random.uniform(0, 700))
        pipelines.append(
            start(
                world,
                f"p{number}",
                shell(f"Good{number}", command=ESCAPED, **retried),
                shell(f"Next{number}", dependsOn=(f"Good{number}",), **retried),
                shell(f"Last{number}", dependsOn=(f"Next{number}", f"Flaky{number}"), **retried),
                shell(f"Flaky{number}", **retried),
                shell(f"Bad{number}", maximumRetries="1", retryDelay="2 minutes"),
                shell(f"Long{number}", **retried),
                shell(f"After{number}", dependsOn=(f"Long{number}",), **retried),
                shell(f"Guarded{number}", precondition=(f"Check{number}",), **retried),
                pipeline_object(f"Check{number}", type="Exists", retryDelay="2 minutes"),
            )
        )
    world.run(hours=2)
    for number, pipeline in enumerate(pipelines):
        statuses = instances(world, pipeline)
        assert statuses.pop(f"Bad{number}") == "FAILED"
        assert set(statuses.values()) == {"FINISHED"}, statuses
    nothing_is_left(world)
    late = lateness(world)
    assert len(late) == PIPELINES * 9
    assert max(late.values()) <= BOUND, max(late.items(), key=lambda item: item[1])
    if limits.may_wake:
        later = sorted(late[name] for name in late if name.startswith(("Next", "Last", "After")))
        assert later[-3] <= SOON, later
        assert later[-1] <= timedelta(seconds=SCHEDULERS_MINUTE), later
    halved = row.get("doubled_backslashes") == "halved" and row.get("task_expressions") != "raw"
    commands = {
        field["stringValue"]
        for envelope in world.envelopes
        for field in envelope["objects"][envelope["attemptId"]]["fields"]
        if field["key"] == "command" and "Good" in envelope["attemptId"]
    }
    assert commands == {ESCAPED.replace("\\\\", "\\") if halved else ESCAPED}


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: "worst" if row is WORST else None)
def test_canceled_and_deleted_tasks_leave_nothing(machines: Machines, row: Mapping[str, str]) -> None:
    """Work that is deferred is told so by RunTask; other work asks by itself."""

    def work(component: str, _: int) -> tuple[float, str]:
        return (5.0, "DEFERRED") if component.startswith("Deferred") else (3_000.0, "FINISHED")

    world = World(machines, settings_of(row), work, seed=1)
    waits = (1, 70, 290, 700, 2_000)
    canceled = {}
    for number, seconds in enumerate(waits):
        for kind in ("Long", "Deferred"):
            component = f"{kind}{number}"
            canceled[component] = start(world, component, shell(component))
            world.at(seconds, partial(_cancel, world, canceled[component]))
            deleted = start(world, f"{component}x", shell(f"{component}x"))
            world.at(seconds, partial(_delete, world, deleted))
    world.run(hours=3)
    for component, pipeline in canceled.items():
        assert instances(world, pipeline) == {component: "CANCELED"}
    nothing_is_left(world)
    deferred = {component for component, _ in world.begun if component.startswith("Deferred")}
    assert deferred
    assert sorted(world.told_to_stop) == sorted(deferred)
    assert world.reported == []


@pytest.mark.parametrize("row", [{}, WORST], ids=["as-assumed", "worst"])
def test_a_route_that_a_deploy_adds_works_at_once(machines: Machines, row: Mapping[str, str]) -> None:
    """The loop, and its poll, began before the deploy."""
    before = definitions(synthesize([WorkerGroup("etl")], {"Exists": exists()}))
    world = World(before, settings_of(row), lambda *_: (10.0, "FINISHED"), seed=1)
    while not world.loops or world.loops[-1].state != "Poll":
        world.run(seconds=1)
    world.machines = machines
    added = start(world, "Added", shell("Added"))
    world.run(hours=1)
    assert instances(world, added) == {"Added": "FINISHED"}
    assert len(world.begun) == 1
    world.machines = before
    removed = start(world, "Removed", shell("Removed"))
    world.run(hours=1)
    assert instances(world, removed) == {"Removed": "FAILED"}
    assert len(world.begun) == 1
    nothing_is_left(world)


@pytest.mark.parametrize("row", [{}, WORST], ids=["as-assumed", "worst"])
def test_what_is_over_before_it_is_acknowledged_is_not_begun(
    machines: Machines, row: Mapping[str, str]
) -> None:
    """The acknowledgement takes 30 s to reach the service, which has other plans by then."""
    world = World(machines, settings_of(row), lambda *_: (60.0, "FINISHED"), seed=1, progress_delay=30)
    pipelines = [start(world, name, shell(name)) for name in ("Canceled", "Deleted")]
    while len(world.run_tasks) < len(pipelines):
        world.run(seconds=1)
    for end, pipeline in zip((_cancel, _delete), pipelines, strict=True):
        end(world, pipeline)
    world.run(hours=1)
    assert instances(world, pipelines[0]) == {"Canceled": "CANCELED"}
    assert (world.begun, world.told_to_stop, world.reported) == ([], [], [])
    assert [task.status for task in world.run_tasks.values()] == ["SUCCEEDED", "SUCCEEDED"]
    nothing_is_left(world)


def _cancel(world: World, pipeline: str) -> None:
    ids = world.call("QueryObjects", pipelineId=pipeline, sphere="INSTANCE")["ids"]
    world.call("SetStatus", pipelineId=pipeline, objectIds=ids, status="TRY_CANCEL")


def _delete(world: World, pipeline: str) -> None:
    world.call("DeletePipeline", pipelineId=pipeline)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("row", [{}, WORST], ids=["as-assumed", "worst"])
def test_aborted_between_any_two_steps_a_task_is_made_up_for(
    machines: Machines, row: Mapping[str, str], state: str
) -> None:
    world = World(machines, settings_of(row), lambda *_: (20.0, "FINISHED"), seed=3, abort_at=state)
    pipeline = start(world, "p", shell("A", maximumRetries="2", retryDelay="2 minutes"))
    world.run(hours=2)
    assert instances(world, pipeline) == {"A": "FINISHED"}
    assert [task.status for task in world.run_tasks.values()] == ["ABORTED", "SUCCEEDED"]
    # Before the handler was called the same attempt goes on; after that the work is begun once more.
    assert len(world.begun) == (2 if state in ("Outcome", "SetTaskStatus") else 1)
    nothing_is_left(world)


@pytest.mark.parametrize("row", [{}, WORST], ids=["as-assumed", "worst"])
def test_the_service_is_down_for_half_an_hour(machines: Machines, row: Mapping[str, str]) -> None:
    world = World(machines, settings_of(row), lambda *_: (600.0, "FINISHED"), seed=4)
    world.down = (START + timedelta(minutes=12), START + timedelta(minutes=42))
    retried = {"maximumRetries": "3", "retryDelay": "2 minutes"}
    pipelines = [start(world, "before", shell("Before", **retried))]
    world.run(minutes=11)
    pipelines.append(start(world, "late", shell("Late", **retried)))
    world.run(minutes=10)
    pipelines.append(start(world, "while", shell("While", **retried)))
    world.run(hours=3)
    for pipeline in pipelines:
        assert set(instances(world, pipeline).values()) == {"FINISHED"}
    nothing_is_left(world)


def test_a_status_waits_until_the_service_is_up_again(machines: Machines) -> None:
    """Ten minutes are less than the service's progress timeout, so that no work is done twice."""
    world = World(machines, settings_of({}), lambda *_: (60.0, "FINISHED"), seed=4)
    pipeline = start(world, "p", shell("A"))
    while not world.begun:
        world.run(seconds=1)
    world.down = (world.now + timedelta(seconds=30), world.now + timedelta(minutes=10))
    world.run(hours=1)
    assert instances(world, pipeline) == {"A": "FINISHED"}
    assert len(world.begun) == 1
    nothing_is_left(world)


def test_ticks_are_lost_for_an_hour(machines: Machines) -> None:
    """The tasks are started by the first tick after it."""
    world = World(machines, settings_of({}), lambda *_: (20.0, "FINISHED"), seed=5)
    world.no_ticks = (START + timedelta(minutes=2), START + timedelta(minutes=62))
    world.run(minutes=5)
    pipelines = [start(world, f"p{number}", shell(f"A{number}")) for number in range(10)]
    world.run(hours=3)
    for number, pipeline in enumerate(pipelines):
        assert instances(world, pipeline) == {f"A{number}": "FINISHED"}
    assert max(moment for _, moment in world.begun) <= world.no_ticks[1] + BOUND
    nothing_is_left(world)


@pytest.mark.parametrize("row", [{}, WORST], ids=["as-assumed", "worst"])
def test_every_other_answer_is_lost(machines: Machines, row: Mapping[str, str]) -> None:
    """Tasks that were given to nobody come again, each at most once more late than the answers lost."""
    world = World(machines, settings_of(row), lambda *_: (20.0, "FINISHED"), seed=6, drop_answers=20)
    retried = {"maximumRetries": "6", "retryDelay": "2 minutes"}
    pipelines = [start(world, f"p{number}", shell(f"A{number}", **retried)) for number in range(10)]
    world.run(hours=6)
    for number, pipeline in enumerate(pipelines):
        assert instances(world, pipeline) == {f"A{number}": "FINISHED"}
    assert world.drop_answers == 0
    assert len(world.begun) == 10
    nothing_is_left(world)


@pytest.mark.parametrize("minutes", [1, 40])
@pytest.mark.parametrize(
    "error", ["Lambda.ResourceConflictException", "Lambda.SubnetIPAddressLimitReachedException"]
)
def test_a_task_waits_for_a_function_that_is_made_ready(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, error: str, minutes: int
) -> None:
    """After weeks without an invocation, or while a subnet has no addresses: the work never began."""
    world = World(machines, settings_of(WORST), lambda *_: (20.0, "FINISHED"))
    handler = world._handler

    def not_ready(context: dict[str, Any], arguments: Any) -> Any:
        if world.now < ready:
            raise StateError(error)
        return (yield from handler(context, arguments))

    monkeypatch.setattr(world, "_handler", not_ready)
    world.run(minutes=20)
    pipeline = start(world, "idle", shell("Good", maximumRetries="0", reportProgressTimeout="5 minutes"))
    ready = world.now + timedelta(minutes=PERIOD_SECONDS / 60 + 1 + minutes)
    world.run(hours=2)
    assert instances(world, pipeline) == {"Good": "FINISHED"}
    assert [component for component, _ in world.begun] == ["Good"]
    assert world.reported == ["FINISHED"]
    nothing_is_left(world)
