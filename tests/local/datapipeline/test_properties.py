"""Random pipelines and random runners: invariants that hold whatever they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.datapipeline.model import Instance, TaskState
from local.datapipeline.object_types import Kind
from local.datapipeline.settings import Settings
from local.datapipeline.statuses import ATTEMPT_EDGES, INSTANCE_EDGES, Status
from local.json_service import ServiceError
from tests.local.datapipeline.account import Account, pipeline_object, shell

CHOICES = {
    "reoffer_task_id": ["same", "new"],
    "reoffer_attempt": ["same", "next"],
    "stalled_task": ["next-attempt", "reoffered"],
    "late_status": ["refused", "accepted"],
    "late_progress": ["canceled", "refused"],
    "precondition_false": ["same-attempt", "next-attempt"],
    "references": ["instance", "component"],
}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["poll", "progress", "FINISHED", "FAILED", "FALSE", "cancel", "rerun", "mark", "wait", "long"]
        ),
        st.integers(0, 50),
    ),
    max_size=60,
)


@st.composite
def pipelines(draw: st.DrawFn) -> list[dict[str, Any]]:
    count = draw(st.integers(1, 6))
    made: list[dict[str, Any]] = []
    for number in range(count):
        earlier = draw(st.sets(st.integers(0, number - 1), max_size=2)) if number else set()
        fields: dict[str, Any] = {
            "maximumRetries": str(draw(st.integers(0, 2))),
            "retryDelay": "2 minutes",
            "failureAndRerunMode": draw(st.sampled_from(["none", "cascade"])),
        }
        if earlier:
            fields["dependsOn"] = tuple(f"A{other}" for other in sorted(earlier))
        if draw(st.booleans()):
            fields["attemptTimeout"] = "20 minutes"
        if draw(st.integers(0, 4)) == 0:
            fields["precondition"] = (f"P{number}",)
            made.append(
                pipeline_object(
                    f"P{number}", type="Exists", preconditionTimeout="1 hour", retryDelay="2 minutes"
                )
            )
        made.append(shell(f"A{number}", **fields))
    return made


class Watched:
    """The account, and every status that its objects went through."""

    def __init__(self, account: Account, pipeline: str) -> None:
        self.account = account
        self.pipeline = account.service.pipelines[pipeline]
        self.finished_by_hand: set[str] = set()
        self.finished_by_runner: set[str] = set()
        self.statuses: dict[str, Status] = {}
        self.tasks: list[Mapping[str, Any]] = []

    def step(self, action: str, number: int) -> None:
        account = self.account
        try:
            if action == "poll":
                if (task := account.poll()) is not None:
                    self.tasks.append(task)
            elif action in ("wait", "long"):
                account.pass_time(minutes=number if action == "wait" else number * 60)
            elif action in ("cancel", "rerun", "mark"):
                ids = sorted(self.pipeline.instances)
                chosen = ids[number % len(ids)]
                status = {"cancel": "TRY_CANCEL", "rerun": "RERUN", "mark": "MARK_FINISHED"}[action]
                if action == "mark":
                    self.finished_by_hand.add(chosen)
                account("SetStatus", pipelineId=self.pipeline.id, objectIds=[chosen], status=status)
            elif self.tasks:
                self.report(action, self.tasks[number % len(self.tasks)])
        except ServiceError:
            pass

    def report(self, action: str, task: Mapping[str, Any]) -> None:
        if action == "progress":
            self.account.progress(task)
            return
        over = self.account.service.tasks[task["taskId"]].state is TaskState.OVER
        if action == "FINISHED" and not over:
            self.finished_by_runner.add(task["attemptId"].partition("_Attempt=")[0])
        self.account.end(task, action)

    def check(self) -> None:
        for instance in self.pipeline.instances.values():
            self.check_instance(instance)
        held = [
            task.attempt.id
            for task in self.account.service.tasks.values()
            if task.state in (TaskState.HELD, TaskState.OFFERED)
        ]
        assert len(held) == len(set(held)), "two runners hold one attempt"

    def check_instance(self, instance: Instance) -> None:
        self.moved(instance.id, instance.status, INSTANCE_EDGES)
        for attempt in instance.attempts:
            self.moved(attempt.id, attempt.status, ATTEMPT_EDGES)
        open_attempts = [attempt for attempt in instance.attempts if not attempt.status.is_over]
        assert len(open_attempts) <= 1
        assert not (instance.status.is_over and open_attempts)
        if instance.status is Status.FINISHED and instance.kind is not Kind.DATA_NODE:
            assert instance.id in self.finished_by_runner | self.finished_by_hand
        if instance.kind is not Kind.PRECONDITION:
            assert instance.failures <= instance.retries + 1

    def moved(self, object_id: str, status: Status, edges: frozenset[tuple[Status, Status]]) -> None:
        """One step may be several moves, so what is seen is a path along the edges."""
        before = self.statuses.get(object_id, status)
        self.statuses[object_id] = status
        reached, todo = {before}, [before]
        while todo:
            here = todo.pop()
            for start, end in edges:
                if start is here and end not in reached:
                    reached.add(end)
                    todo.append(end)
        assert status in reached, f"{object_id}: {before} -> {status}"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    objects=pipelines(),
    steps=STEPS,
    chosen=st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CHOICES.items()}),
)
def test_the_invariants_hold_whatever_runners_and_users_do(
    objects: list[dict[str, Any]], steps: list[tuple[str, int]], chosen: dict[str, str]
) -> None:
    account = Account(Settings.parse(f"{name}={value}" for name, value in chosen.items()))
    watched = Watched(account, account.start(*objects))
    for action, number in steps:
        watched.step(action, number)
        watched.check()

    # A runner that does its work: everything that can end does.
    for _ in range(200):
        while (task := account.poll()) is not None:
            watched.tasks.append(task)
            watched.report("FINISHED", task)
            watched.check()
        account.pass_time(minutes=3)
    for instance in watched.pipeline.instances.values():
        assert not [attempt for attempt in instance.attempts if not attempt.status.is_over]
        if not instance.status.is_over:
            assert instance.waiting_on(), f"{instance.id} is {instance.status} and waits for nothing"
