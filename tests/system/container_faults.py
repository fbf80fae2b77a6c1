"""What goes wrong with handlers in containers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.system.deployments import eventually
from tests.system.ecs_tasks import left
from tests.system.faults import happened
from tests.system.pipelines import Pipeline
from tests.system.scene import RETRIED, Begun, Scene

BOXED = "boxed"
JUDGE = "Lambda:TaskRunner-container-ended"
OFTEN_RETRIED = {**RETRIED, "maximumRetries": "6"}
"""A fault may hit what an earlier one has made be tried again."""
MOMENTS = (0.1, 0.5, 0.8, 1.1, 1.4, 2.0)
"""Seconds after the start. A container begins the work after about a second, on a quiet machine."""

Begin = Callable[[Scene], Begun]


def boxed(at: Scene, component: str, command: str = "true", **fields: str) -> Pipeline:
    """A task in a container."""
    return at.task(component, command, myHandler=BOXED, **fields)


def killed_after(seconds: float) -> Begin:
    """At whatever moment: the task is never FINISHED before its work is done."""

    def begin(at: Scene) -> Begun:
        name = f"KilledAfter{round(seconds * 1000)}"
        at.deployment.faults.add({"operation": "ECS:Container", "kind": "kill", "seconds": seconds})
        pipeline = boxed(at, name, f"sleep 0.5; touch {at.proof(name)}", **OFTEN_RETRIED)
        happened(at.deployment)
        return at.finished(pipeline, name, range(1, 8), attempts=None, proof=at.proof(name))

    begin.__name__ = f"its_container_is_killed_after_{round(seconds * 1000)}_ms"
    return begin


def its_container_is_interrupted(at: Scene) -> Begun:
    """By Fargate Spot: the handler takes SIGTERM for a cancellation, but the task is not canceled."""
    at.deployment.faults.add({"operation": "ECS:Container", "kind": "interrupt", "seconds": 3})
    pipeline = boxed(at, "Interrupted", f"sleep 4; touch {at.proof('Interrupted')}", **OFTEN_RETRIED)
    happened(at.deployment)
    return at.finished(pipeline, "Interrupted", range(1, 8), attempts=None, proof=at.proof("Interrupted"))


def its_command_kills_the_runner(at: Scene) -> Begun:
    once = f"test $(wc -l < {at.log('RunnerKilled')}) -gt 1 || kill -9 $PPID; sleep 0.1"
    pipeline = boxed(at, "RunnerKilled", once, **OFTEN_RETRIED)
    return at.finished(pipeline, "RunnerKilled", range(2, 8), attempts=None)


def its_container_runs_out_of_memory(at: Scene) -> Begun:
    """The runner itself: its exit code is that of SIGKILL."""
    return at.failed(boxed(at, "NoMemory", "kill -9 $PPID; sleep 5"), "NoMemory", "ContainerOutOfMemory")


def its_image_is_not_found(at: Scene) -> Begun:
    reason = "CannotPullContainerError: pull image manifest: not found"
    at.deployment.faults.add({"operation": "ECS:Container", "kind": "unstartable", "answer": reason})
    pipeline = boxed(at, "NoImage")
    happened(at.deployment)
    return at.failed(pipeline, "NoImage", "ContainerNotStarted", range(1))


def its_end_cannot_be_read(at: Scene) -> Begun:
    at.deployment.faults.add(
        {"operation": "ECS:DescribeTasks", "kind": "drop"},
        {"operation": "ECS:DescribeTasks", "kind": "error"},
    )
    pipeline = boxed(at, "EndNotRead")
    return at.finished(pipeline, "EndNotRead", executions=1)


def its_end_cannot_be_judged_yet(at: Scene) -> Begun:
    at.deployment.faults.add(*({"operation": JUDGE, "kind": kind} for kind in ("error", "drop", "throttle")))
    pipeline = boxed(at, "NotJudged")
    happened(at.deployment)
    return at.finished(pipeline, "NotJudged", executions=1)


def it_is_canceled_and_cannot_be_found_or_stopped_yet(at: Scene) -> Begun:
    pipeline = boxed(at, "NotStopped", "trap '' TERM; while :; do sleep 0.1; done")
    _begun(at.log("NotStopped"))
    looks = ("ECS:ListTasks", "ECS:StopTask", "ECS:DescribeTasks")
    at.deployment.faults.add(*({"operation": look, "kind": "error", "count": 2} for look in looks))
    at.cancel(pipeline, "NotStopped")
    eventually(lambda: not left(at.deployment, of="NotStopped") or None, "the container is left")
    at.deployment.faults.clear()
    return at.canceled(pipeline, "NotStopped", range(1, 2), executions=1)


def runtask_is_aborted_while_it_starts_the_container(at: Scene) -> Begun:
    at.deployment.faults.add({"operation": "ECS:RunTask", "kind": "delay", "seconds": 1.5})
    pipeline = boxed(at, "AbortedAtStart", **RETRIED)
    at.stop(at.reached("AbortedAtStart", f"{BOXED}-RunContainer"))
    return at.finished(pipeline, "AbortedAtStart", range(1, 3), executions=2, aborted=1, attempts=2)


def runtask_is_aborted_while_the_container_works(at: Scene) -> Begun:
    log = at.log("AbortedInBox")
    pipeline = boxed(at, "AbortedInBox", f"test $(wc -l < {log}) -gt 1 || sleep 60", **RETRIED)
    arn = at.reached("AbortedInBox", f"{BOXED}-RunContainer")
    _begun(log)
    at.stop(arn)
    return at.finished(pipeline, "AbortedInBox", range(2, 3), executions=2, aborted=1, attempts=2)


def the_answer_to_its_start_is_lost(at: Scene) -> Begun:
    """RunTask knows of no container, and one runs."""
    at.deployment.faults.add({"operation": "ECS:RunTask", "kind": "drop"})
    pipeline = boxed(at, "StartLost", "sleep 1")
    happened(at.deployment)
    return at.finished(pipeline, "StartLost", executions=1)


def _two_are_started(at: Scene, name: str, command: str, *, kind: str, seconds: float) -> Pipeline:
    """``kind`` happens to the first of the two."""
    at.deployment.faults.add(
        {"operation": "ECS:RunTask", "kind": "twice"},
        {"operation": "ECS:Container", "kind": kind, "seconds": seconds},
    )
    pipeline = boxed(at, name, command)
    happened(at.deployment)
    return pipeline


def two_are_started_and_runtask_waits_for_the_loser(at: Scene) -> Begun:
    pipeline = _two_are_started(at, "WaitsForLoser", "sleep 3", kind="delay", seconds=2.0)
    return at.finished(pipeline, "WaitsForLoser", executions=1)


def two_are_started_and_the_known_one_is_killed(at: Scene) -> Begun:
    pipeline = _two_are_started(at, "OneKilled", "sleep 1", kind="kill", seconds=0.05)
    return at.finished(pipeline, "OneKilled", executions=1)


def two_are_started_and_the_one_that_works_is_killed(at: Scene) -> Begun:
    """RunTask waits for the other one. The attempt has failed, with the reason of the one that worked."""
    command = "sleep 2; kill -9 $PPID; sleep 5"
    pipeline = _two_are_started(at, "WorkerKilled", command, kind="delay", seconds=2.0)
    return at.failed(pipeline, "WorkerKilled", "ContainerOutOfMemory")


def it_is_canceled_while_runtask_follows_it(at: Scene) -> Begun:
    at.deployment.faults.add({"operation": "ECS:RunTask", "kind": "drop"})
    pipeline = boxed(at, "FollowedCanceled", "sleep 60")
    _begun(at.log("FollowedCanceled"))
    at.reached("FollowedCanceled", "Wait")
    at.cancel(pipeline, "FollowedCanceled")
    return at.canceled(pipeline, "FollowedCanceled", range(1, 2), executions=1)


def runtask_is_aborted_while_it_follows_the_container(at: Scene) -> Begun:
    """Step Functions knows of no container that it could stop."""
    at.deployment.faults.add({"operation": "ECS:RunTask", "kind": "drop"})
    log = at.log("FollowedAborted")
    pipeline = boxed(at, "FollowedAborted", f"test $(wc -l < {log}) -gt 1 || sleep 60", **RETRIED)
    _begun(log)
    at.stop(at.reached("FollowedAborted", "Wait"))
    eventually(lambda: not left(at.deployment, of="FollowedAborted") or None, "the container is left")
    # On a busy machine, the second attempt may be offered again, or be followed by another one.
    return at.finished(pipeline, "FollowedAborted", range(2, 3), aborted=1, attempts=None)


def its_start_is_refused(at: Scene) -> Begun:
    """In every way that passes: the attempt goes on."""
    kinds = ("capacity", "limit", "throttle", "error")
    at.deployment.faults.add(
        *({"operation": "ECS:RunTask", "kind": kind} for kind in kinds),
        {"operation": "ECS:Container", "kind": "unstartable"},
    )
    pipeline = boxed(at, "StartRefused")
    return at.finished(pipeline, "StartRefused", executions=1)


def _begun(log: Path) -> None:
    eventually(lambda: log.exists() or None, f"{log.name} was not begun", every=0.05)


# The first ones meet their own task. After them, tasks are tried again.
CONTAINER_FAULTS: tuple[Begin, ...] = (
    its_image_is_not_found,
    the_answer_to_its_start_is_lost,
    two_are_started_and_runtask_waits_for_the_loser,
    two_are_started_and_the_known_one_is_killed,
    two_are_started_and_the_one_that_works_is_killed,
    it_is_canceled_while_runtask_follows_it,
    runtask_is_aborted_while_it_follows_the_container,
    it_is_canceled_and_cannot_be_found_or_stopped_yet,
    its_container_runs_out_of_memory,
    its_end_cannot_be_judged_yet,
    its_end_cannot_be_read,
    runtask_is_aborted_while_it_starts_the_container,
    runtask_is_aborted_while_the_container_works,
    *map(killed_after, MOMENTS),
    its_container_is_interrupted,
    its_command_kills_the_runner,
    its_start_is_refused,
)
