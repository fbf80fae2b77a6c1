"""A launcher that is ended at any of its calls to EMR, and a task that is canceled at any moment."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from emr import emr_steps, run
from emr.naming import Names
from emr.where import Where
from runner import clients
from runner.outcome import Canceled, Deferred, Finished, Outcome
from runner.task import Task
from tests.local.emr.service import CLUSTER, EmrService, emr_service
from tests.unit.emr.tasks import task_of

ACTIVE = {"PENDING", "RUNNING", "CANCEL_PENDING"}
GOOD = {"step": ["command-runner.jar,true", "command-runner.jar,true"]}
ENDLESS = {"step": ["command-runner.jar,endless", "command-runner.jar,true"]}
_REQUEST = {key: value for key, value in CLUSTER.items() if key != "Name"}
PLACES = {
    "an-id": Where(cluster="filled in"),
    "a-name": Where(cluster_name="etl"),
    "its-own": Where(transient=_REQUEST),
    "shared": Where(transient=_REQUEST, idle_minutes=60, shared_name="stack 1"),
}


class KilledError(BaseException):
    """The launcher's process ends."""


class InstantProcess:
    """A step that ends at once, or never by itself."""

    def __init__(self, step: Any, **_: Any) -> None:
        self._ended = asyncio.Event()
        self._endless = "=endless" in step["Args"]
        self._code = 0

    async def run(self) -> int:
        if self._endless:
            await self._ended.wait()
        return self._code

    def interrupt(self) -> None:
        self._code = -15
        self._ended.set()

    kill = interrupt

    def copy_logs(self, log_uri: str, place: str) -> None:
        """Nothing was printed."""

    has_left_nothing = True

    async def forget(self) -> None:
        """There are no files."""


@dataclass
class Launcher:
    """Invokes the handler as RunTask does, and ends it once."""

    service: EmrService
    where: Where
    names: set[str] = field(default_factory=set)
    dies_at: int = 0
    """The number of the call, counted from 1 over all invocations; 0: none."""
    carried_out: bool = False
    """Whether that call is carried out."""
    calls: int = 0
    invocations: int = 0

    def __post_init__(self) -> None:
        events: Any = self.service.client.meta.events
        events.register("before-call.emr", self._before, unique_id="before")
        events.register("after-call.emr", self._after, unique_id="after")

    def _before(self, **_: Any) -> None:
        self.calls += 1
        if self.calls == self.dies_at and not self.carried_out:
            raise KilledError

    def _after(self, **_: Any) -> None:
        if self.calls == self.dies_at and self.carried_out:
            raise KilledError

    def close(self) -> None:
        events: Any = self.service.client.meta.events
        events.unregister("before-call.emr", unique_id="before")
        events.unregister("after-call.emr", unique_id="after")

    def to_the_end(self, task: Task, state: Any = None, *, canceled_at: int | None = None) -> Outcome:
        """Invoke the handler until it does not defer. ``canceled_at``: from which invocation on."""
        for _ in range(2_000):
            given = replace(task, state=state, _canceled=threading.Event())
            if canceled_at is not None and self.invocations >= canceled_at:
                given.cancel()
            self.invocations += 1
            try:
                outcome = run.run(given, self.where, emr_steps.steps_of)
            except KilledError:
                continue
            if not isinstance(outcome, Deferred):
                return outcome
            state = json.loads(json.dumps(outcome.state))
            time.sleep(0.002)
        raise AssertionError(f"it does not end: {state}")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmrService]:
    monkeypatch.setattr("local.emr.clusters.StepProcess", InstantProcess)
    monkeypatch.setattr("local.emr.clusters.START_SECONDS", 0.0)
    with emr_service() as started:
        monkeypatch.setattr(clients, "emr", lambda **_: started.client)
        yield started


def a_place(service: EmrService, name: str) -> Where:
    place = PLACES[name]
    if name not in {"an-id", "a-name"}:
        return place
    started = str(service.client.run_job_flow(**CLUSTER)["JobFlowId"])
    return replace(place, cluster=started) if name == "an-id" else place


def numbered(fields: dict[str, Any], number: int) -> Task:
    task = task_of(fields)
    return replace(task, id=f"task-{number}")


def steps_of(service: EmrService, task: Task) -> list[tuple[str, str]]:
    """Names and states of the task's steps on all clusters."""
    names = Names.of(task)
    found = []
    for cluster in service.client.list_clusters()["Clusters"]:
        pages = service.client.get_paginator("list_steps").paginate(ClusterId=cluster["Id"])
        found += [step for page in pages for step in page["Steps"] if names.is_own(step["Name"])]
    return [(step["Name"], step["Status"]["State"]) for step in found]


def own_clusters(service: EmrService, task: Task) -> list[str]:
    names = Names.of(task)
    listed: Sequence[Any] = service.client.list_clusters()["Clusters"]
    return [found["Status"]["State"] for found in listed if names.is_own(found["Name"])]


def left(service: EmrService, task: Task) -> list[str]:
    """What still runs of a task that has ended, once a cluster has had time to end."""
    deadline = time.monotonic() + 10
    while (found := _running(service, task)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def _running(service: EmrService, task: Task) -> list[str]:
    steps = [name for name, state in steps_of(service, task) if state in ACTIVE]
    return steps + [state for state in own_clusters(service, task) if not state.startswith("TERMINAT")]


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("place", PLACES)
def test_ended_at_any_call_it_adds_each_step_once(service: EmrService, place: str, carried_out: bool) -> None:
    where = a_place(service, place)
    for number in itertools.count(1):
        task = numbered(GOOD, number)
        launcher = Launcher(service, where, dies_at=number, carried_out=carried_out)
        outcome = launcher.to_the_end(task)
        launcher.close()
        assert outcome == Finished(), f"ended at call {number}"
        counted = Counter(steps_of(service, task))
        expected = {(Names.of(task).step(step, 2), "COMPLETED"): 1 for step in (1, 2)}
        assert counted == expected, f"ended at call {number}"
        assert len(own_clusters(service, task)) == (place == "its-own")
        assert not left(service, task), f"ended at call {number}"
        if launcher.calls < number:
            assert number > 7  # Otherwise nothing was ended.
            return


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("place", PLACES)
def test_canceled_at_any_moment_nothing_of_it_runs_on(
    service: EmrService, place: str, carried_out: bool
) -> None:
    """Also if the launcher was ended before, and has recorded nothing."""
    where = a_place(service, place)
    task_number = itertools.count(1)
    for moment in range(1, 5):
        for dies_at in range(7):
            task = numbered(ENDLESS, next(task_number))
            launcher = Launcher(service, where, dies_at=dies_at, carried_out=carried_out)
            outcome = launcher.to_the_end(task, canceled_at=moment)
            launcher.close()
            assert outcome == Canceled(), (moment, dies_at)
            assert not left(service, task), (moment, dies_at)
            assert all(count == 1 for count in Counter(n for n, _ in steps_of(service, task)).values())


def test_another_cluster_of_the_name_changes_nothing_for_a_step_that_was_added(service: EmrService) -> None:
    """It is started after a crash in AddJobFlowSteps: now two have the name, and the step is on one."""
    where = a_place(service, "a-name")
    task = numbered(GOOD, 1)
    found = run.run(task, where, emr_steps.steps_of)
    assert isinstance(found, Deferred)
    assert steps_of(service, task) == []
    launcher = Launcher(service, where, dies_at=3, carried_out=True)
    with pytest.raises(KilledError):
        run.run(replace(task, state=found.state), where, emr_steps.steps_of)
    assert len(steps_of(service, task)) == 1
    launcher.close()
    service.client.run_job_flow(**CLUSTER)
    assert launcher.to_the_end(task, found.state) == Finished()
    assert len(steps_of(service, task)) == 2


def test_a_change_that_comes_late_in_an_invocation_is_left_to_the_next(service: EmrService) -> None:
    """This invocation may be lost to RunTask, which has another begin a minute later."""
    where = a_place(service, "an-id")
    task = numbered(GOOD, 1)
    times = iter([0.0, 15.1])
    assert isinstance(run.run(task, where, emr_steps.steps_of, clock=lambda: next(times)), Deferred)
    assert steps_of(service, task) == []
    times = iter([0.0, 14.9])
    run.run(task, where, emr_steps.steps_of, clock=lambda: next(times))
    assert len(steps_of(service, task)) == 1
