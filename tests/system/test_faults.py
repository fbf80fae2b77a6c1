"""Whatever goes wrong, each task ends in the status it earned, and nothing keeps running.

All requested faults are brought about first, one after another, so that their tests can wait for the ends
together. Meanwhile the schedule is off: the tests start every poll.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from infra.worker_group import HOLD_SECONDS
from local.directories import open_directory
from local.launch import ROOT
from tests.system.container_faults import BOXED, CONTAINER_FAULTS
from tests.system.deployments import FAULTY_APP, FAULTY_TIME_SCALE, STACK, Deployment, eventually
from tests.system.ecs_tasks import left
from tests.system.executions import POLL_LOOP, RUN_TASK, executions, state_machine
from tests.system.faults import (
    POLLER,
    PROBE_FUNCTION,
    deploy,
    happened,
    no_ticks,
    probe_handler,
    stop_loops,
    tick,
)
from tests.system.pipelines import Fields, Pipeline, shell
from tests.system.scene import RETRIED, Begun, Scene

RETRIES_EXHAUSTED = 8
"""Of StartTask and ReportProgress: one try and 7 retries."""


# While nobody polls: the task becomes ready, the fault is set, and then a tick comes.


def the_answer_with_the_task_is_dropped(at: Scene) -> Begun:
    pipeline = at.task("AnswerDropped")
    at.deployment.faults.add({"operation": "PollForTask", "kind": "drop"})
    at.polled()
    return at.finished(pipeline, "AnswerDropped", executions=1)


def the_answer_with_the_task_comes_twice(at: Scene) -> Begun:
    """The service offers the task twice, so it may run twice. It ends once."""
    pipeline = at.task("AnsweredTwice")
    at.deployment.faults.add({"operation": "PollForTask", "kind": "duplicate"})
    at.polled(loops=2)
    return at.finished(pipeline, "AnsweredTwice", range(1, 3), executions=2)


def the_poller_dies_before_and_after_its_poll(at: Scene) -> Begun:
    pipeline = at.task("PollerDied")
    at.deployment.faults.add(
        {"operation": f"Lambda:{POLLER}", "kind": "error", "count": 2},
        {"operation": f"Lambda:{POLLER}", "kind": "drop"},
    )
    at.polled()
    return at.finished(pipeline, "PollerDied", executions=1)


def the_loop_dies_with_a_poll_that_is_held(at: Scene) -> Begun:
    """The poll lives on at the service, and its task reaches nobody."""
    tick(at.deployment)
    eventually(
        lambda: "RUNNING" in executions(at.deployment, POLL_LOOP).values() or None, "no loop", every=0.02
    )
    stop_loops(at.deployment)
    pipeline = at.task("LoopDied")
    return at.finished(pipeline, "LoopDied")


def the_start_is_throttled_and_then_answered_twice(at: Scene) -> Begun:
    pipeline = at.task("StartedTwice")
    at.deployment.faults.add(
        {"operation": "StepFunctions:StartExecution", "kind": "throttle", "count": 2},
        {"operation": "StepFunctions:StartExecution", "kind": "drop"},
    )
    at.polled()
    return at.finished(pipeline, "StartedTwice", executions=1)


def the_start_is_refused_for_good(at: Scene) -> Begun:
    pipeline = at.task("NeverStarted")
    wanted = {"operation": "StepFunctions:StartExecution", "kind": "error", "count": RETRIES_EXHAUSTED}
    at.deployment.faults.add(wanted)
    at.polled()
    return at.finished(pipeline, "NeverStarted", executions=1, failed_loops=1)


def the_acknowledgement_is_refused_for_good(at: Scene) -> Begun:
    pipeline = at.task("NotAcknowledged")
    at.deployment.faults.add(
        {"operation": "ReportTaskProgress", "kind": "throttle", "count": RETRIES_EXHAUSTED}
    )
    at.polled()
    return at.finished(pipeline, "NotAcknowledged", executions=2, failed=1)


def ticks_overlap(at: Scene) -> Begun:
    """Three loops at once, and two tasks. Each task runs once."""
    pipeline = Pipeline.activated(
        at.deployment,
        {
            "Overlap": shell(f"echo run >> {at.log('Overlap')}"),
            "OverlapOther": shell(f"echo run >> {at.log('Overlap')}"),
        },
    )

    def both_are_started() -> bool | None:
        tick(at.deployment, 3)
        at.no_loop()
        return (at.started("Overlap") and at.started("OverlapOther")) or None

    eventually(both_are_started, "they are not started")
    pipeline.ended("OverlapOther", "FINISHED")
    return at.finished(pipeline, "Overlap", range(2, 3), executions=1)


def canceled_before_it_is_taken(at: Scene) -> Begun:
    pipeline = at.task("CanceledEarly")
    eventually(lambda: pipeline.runs("INSTANCE", "CanceledEarly") or None, "there is no instance")
    at.cancel(pipeline, "CanceledEarly")
    return at.canceled(pipeline, "CanceledEarly", range(1), executions=0)


def canceled_before_it_is_acknowledged(at: Scene) -> Begun:
    pipeline = at.task("CanceledUnacknowledged")
    # A task of another test may report meanwhile, and canceling takes seconds on a busy machine.
    at.deployment.faults.add({"operation": "ReportTaskProgress", "kind": "delay", "seconds": 5.0, "count": 3})
    at.taken("CanceledUnacknowledged")
    at.reached("CanceledUnacknowledged", "ReportProgress")
    at.cancel(pipeline, "CanceledUnacknowledged")
    at.deployment.faults.clear()
    at.no_loop()
    return at.canceled(pipeline, "CanceledUnacknowledged", range(1), executions=1)


# While the schedule is on.


def polls_are_refused(at: Scene) -> Begun:
    pipeline = at.task("PollsRefused")
    at.deployment.faults.add(
        {"operation": "PollForTask", "kind": "error", "count": 2},
        {"operation": "PollForTask", "kind": "throttle", "count": 1},
        {"operation": "PollForTask", "kind": "delay", "seconds": 0.2},
    )
    happened(at.deployment)
    return at.finished(pipeline, "PollsRefused", executions=1)


def the_status_is_refused_for_a_while(at: Scene) -> Begun:
    at.deployment.faults.add(
        {"operation": "SetTaskStatus", "kind": "error", "count": 3},
        {"operation": "SetTaskStatus", "kind": "throttle", "count": 2},
    )
    pipeline = at.task("StatusRefused")
    happened(at.deployment)
    return at.finished(pipeline, "StatusRefused", executions=1)


def the_status_is_taken_but_not_answered(at: Scene) -> Begun:
    at.deployment.faults.add({"operation": "SetTaskStatus", "kind": "drop"})
    pipeline = at.task("StatusLost")
    happened(at.deployment)
    return at.finished(pipeline, "StatusLost", executions=1)


def aborted_at_the_status(at: Scene) -> Begun:
    at.deployment.faults.add({"operation": "SetTaskStatus", "kind": "error", "count": 1000})
    pipeline = at.task("AbortedAtStatus", **RETRIED)
    at.stop(at.reached("AbortedAtStatus", "SetTaskStatus"))
    at.deployment.faults.clear()
    return at.finished(pipeline, "AbortedAtStatus", range(2, 3), executions=2, aborted=1, attempts=2)


def aborted_at_the_acknowledgement(at: Scene) -> Begun:
    at.deployment.faults.add({"operation": "ReportTaskProgress", "kind": "error", "count": 1000})
    pipeline = at.task("AbortedAtProgress")
    at.stop(at.reached("AbortedAtProgress", "ReportProgress"))
    at.deployment.faults.clear()
    return at.finished(pipeline, "AbortedAtProgress", aborted=1)


def aborted_at_work(at: Scene) -> Begun:
    pipeline = at.task(
        "AbortedAtWork", f"test $(wc -l < {at.log('AbortedAtWork')}) -gt 1 || sleep 2", **RETRIED
    )
    at.stop(at.reached("AbortedAtWork", "ShellCommandActivity"))
    return at.finished(pipeline, "AbortedAtWork", range(1, 3), executions=2, aborted=1, attempts=2)


def aborted_while_deferred(at: Scene) -> Begun:
    pipeline = at.probe("AbortedDeferred", "defer", **RETRIED)
    at.stop(at.reached("AbortedDeferred", "Wait"))
    return at.finished(pipeline, "AbortedDeferred", range(2, 20), executions=2, aborted=1, attempts=2)


def canceled_while_deferred(at: Scene) -> Begun:
    pipeline = at.probe("CanceledDeferred", "defer")
    at.reached("CanceledDeferred", "Wait")
    at.cancel(pipeline, "CanceledDeferred")
    return at.canceled(pipeline, "CanceledDeferred", range(2, 12), executions=1)


def canceled_while_its_status_is_refused(at: Scene) -> Begun:
    at.deployment.faults.add({"operation": "SetTaskStatus", "kind": "error", "count": 1000})
    pipeline = at.task("CanceledLate")
    at.reached("CanceledLate", "SetTaskStatus")
    at.cancel(pipeline, "CanceledLate")
    at.deployment.faults.clear()
    return at.canceled(pipeline, "CanceledLate", range(1, 2), executions=1)


def progress_is_refused_for_minutes(at: Scene) -> Begun:
    """Both the state machine's and the handler's reports fail, while the work goes on."""
    pipeline = at.task("NoProgress", "sleep 5", reportProgressTimeout="8 minutes")
    at.reached("NoProgress", "ShellCommandActivity")
    at.deployment.faults.add({"operation": "ReportTaskProgress", "kind": "error", "count": 7})
    return at.finished(pipeline, "NoProgress", executions=1)


def the_service_is_down(at: Scene) -> Begun:
    """A task is running, and its status has to wait."""
    pipeline = at.task("Down", "sleep 1", reportProgressTimeout="8 minutes")
    at.reached("Down", "ShellCommandActivity")
    at.deployment.faults.add({"operation": "*", "kind": "down", "seconds": 4})
    time.sleep(4)
    return at.finished(pipeline, "Down", executions=1)


def the_handler_raises(at: Scene) -> Begun:
    return at.failed(at.probe("Raises", "raise"), "Raises", "RuntimeError")


def the_handler_is_killed(at: Scene) -> Begun:
    return at.failed(at.probe("Killed", "die"), "Killed", "Runtime.ExitError")


def the_handler_takes_too_long(at: Scene) -> Begun:
    return at.failed(at.probe("TooLong", "sleep"), "TooLong", "Sandbox.Timedout")


def the_handler_returns_garbage(at: Scene) -> Begun:
    return at.failed(at.probe("Garbage", "garbage"), "Garbage", "InvalidOutcome")


def the_handler_returns_7_megabytes(at: Scene) -> Begun:
    return at.failed(at.probe("Huge", "7 MB"), "Huge", "Function.ResponseSizeTooLarge")


def the_handler_returns_more_than_a_state_may_have(at: Scene) -> Begun:
    """This is less than what Lambda lets it return."""
    return at.failed(at.probe("Large", "500 KB"), "Large", "States.DataLimitExceeded")


def the_handlers_answer_is_lost(at: Scene) -> Begun:
    """It may have done its work, so this attempt does not invoke it again."""
    at.deployment.faults.add({"operation": f"Lambda:{PROBE_FUNCTION}", "kind": "drop"})
    pipeline = at.probe("AnswerLost", "finish")
    happened(at.deployment)
    return at.failed(pipeline, "AnswerLost", "Lambda.SdkClientException")


def the_handler_is_not_reached(at: Scene) -> Begun:
    at.deployment.faults.add({"operation": f"Lambda:{PROBE_FUNCTION}", "kind": "error"})
    pipeline = at.probe("NotReached", "finish")
    happened(at.deployment)
    return at.failed(pipeline, "NotReached", "Lambda.ServiceException", range(1))


def the_handler_is_throttled_for_minutes(at: Scene) -> Begun:
    """Longer than its retries: RunTask waits, keeps the task with progress reports, and tries again."""
    at.deployment.faults.add({"operation": f"Lambda:{PROBE_FUNCTION}", "kind": "throttle", "count": 7})
    pipeline = at.probe("Throttled", "finish", reportProgressTimeout="8 minutes")
    happened(at.deployment)
    return at.finished(pipeline, "Throttled", executions=1)


Begin = Callable[[Scene], Begun]

# The first two must meet their own task. After them, tasks are offered again.
WITHOUT_A_SCHEDULE: tuple[Begin, ...] = (
    the_answer_with_the_task_comes_twice,
    the_acknowledgement_is_refused_for_good,
    the_answer_with_the_task_is_dropped,
    the_poller_dies_before_and_after_its_poll,
    the_start_is_throttled_and_then_answered_twice,
    the_start_is_refused_for_good,
    ticks_overlap,
    canceled_before_it_is_taken,
    canceled_before_it_is_acknowledged,
    the_loop_dies_with_a_poll_that_is_held,
)
WITH_A_SCHEDULE: tuple[Begin, ...] = (
    the_handler_is_not_reached,
    the_handlers_answer_is_lost,
    the_handler_is_throttled_for_minutes,
    the_handler_raises,
    the_handler_is_killed,
    the_handler_takes_too_long,
    the_handler_returns_garbage,
    the_handler_returns_7_megabytes,
    the_handler_returns_more_than_a_state_may_have,
    aborted_while_deferred,
    aborted_at_work,
    canceled_while_deferred,
    the_status_is_refused_for_a_while,
    the_status_is_taken_but_not_answered,
    aborted_at_the_status,
    aborted_at_the_acknowledgement,
    canceled_while_its_status_is_refused,
    progress_is_refused_for_minutes,
    polls_are_refused,
    the_service_is_down,
)


@pytest.fixture(scope="module")
def runs() -> Iterator[Path]:
    with open_directory("runs-") as directory:
        yield directory


@pytest.fixture(scope="module")
def begun(
    request: pytest.FixtureRequest,
    faulty_deployment: Deployment,
    runs: Path,
) -> Iterator[Mapping[Begin, Begun | AssertionError]]:
    """What was brought about, or why not. A fault that could not be fails only its own test."""
    scene = Scene(faulty_deployment, runs)
    wanted = _wanted(request.session.items)
    found: dict[Begin, Begun | AssertionError] = {}

    def bring_about(faults: Sequence[Begin]) -> None:
        for begin in filter(wanted.__contains__, faults):
            began = datetime.now(UTC)
            try:
                case = begin(scene)
                found[begin] = replace(case, during=(began, datetime.now(UTC)))
                _leave_none_to_the_next(faulty_deployment, case)
            except AssertionError as error:
                found[begin] = error
            faulty_deployment.faults.clear()

    with probe_handler(faulty_deployment, timeout_seconds=3):
        with no_ticks(faulty_deployment):
            scene.no_loop()
            # The poll of a stopped loop lives on at the service, and would take the first task.
            time.sleep(HOLD_SECONDS / FAULTY_TIME_SCALE)
            bring_about(WITHOUT_A_SCHEDULE)
        _wait_for_the_end(found.values())
        bring_about(WITH_A_SCHEDULE)
        bring_about(CONTAINER_FAULTS)
        yield found
    faulty_deployment.faults.clear()


def _leave_none_to_the_next(deployment: Deployment, case: Begun) -> None:
    """Wait until each fault has happened, or the task is over that they are meant for."""
    eventually(
        lambda: not deployment.faults.pending() or case.pipeline.is_over(case.component) or None,
        lambda: f"did not happen: {deployment.faults.pending()}",
        every=0.1,
    )


def _wait_for_the_end(found: Iterable[Begun | AssertionError]) -> None:
    """So that tasks that are offered again do not disturb the next faults, which apply to all."""
    for case in found:
        if isinstance(case, Begun):
            with contextlib.suppress(AssertionError):  # Its own test reports it.
                case.pipeline.over(case.component)


def _wanted(tests: Sequence[pytest.Item]) -> set[Begin]:
    """The faults of the selected tests."""
    wanted: set[Begin] = {
        cast(Begin, test.callspec.params["begin"])
        for test in tests
        if isinstance(test, pytest.Function) and _has_fault(test)
    }
    if any(test.name == "test_a_deferral_that_is_canceled_stops_its_work" for test in tests):
        wanted.add(canceled_while_deferred)
    return wanted


def _begun(begun: Mapping[Begin, Begun | AssertionError], begin: Begin) -> Begun:
    case = begun[begin]
    if isinstance(case, AssertionError):
        raise case
    return case


def _has_fault(test: pytest.Function) -> bool:
    return test.originalname == "test_fault"


@pytest.mark.parametrize(
    "begin",
    [*WITHOUT_A_SCHEDULE, *WITH_A_SCHEDULE, *CONTAINER_FAULTS],
    ids=lambda begin: str(begin.__name__),
)
def test_fault(
    begun: Mapping[Begin, Begun | AssertionError], faulty_deployment: Deployment, begin: Begin
) -> None:
    case = _begun(begun, begin)
    case.pipeline.ended(case.component, case.status)
    _nothing_is_left(faulty_deployment, case.component)

    runs = case.log.read_text().splitlines() if case.log.exists() else []
    assert len(runs) in case.runs, runs
    assert case.proof is None or case.proof.exists(), "the work was not done"
    if case.error_id:
        assert case.pipeline.attempts(case.component)[-1].fields["errorId"] == case.error_id
    statuses = list(executions(faulty_deployment, RUN_TASK, of=case.component).values())
    if case.executions is not None:
        assert len(statuses) == case.executions, statuses
    assert statuses.count("ABORTED") == case.aborted, statuses
    assert statuses.count("FAILED") == case.failed, statuses
    attempts = [attempt.status for attempt in case.pipeline.attempts(case.component)]
    assert case.attempts in (None, len(attempts)), attempts
    failed_loops = _failed_loops(faulty_deployment, case)
    assert len(failed_loops) == case.failed_loops, failed_loops


def _failed_loops(deployment: Deployment, case: Begun) -> list[str]:
    """Why loops failed that ran while the fault was brought about.

    Loops that heard nothing at all are left out: `the_service_is_down` makes them, beside any other fault.
    """
    assert case.during is not None
    began, ended = case.during
    client = deployment.stepfunctions
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=state_machine(deployment, POLL_LOOP), statusFilter="FAILED"
    )
    arns = [
        execution["executionArn"]
        for page in pages
        for execution in page["executions"]
        if execution["startDate"] <= ended and execution["stopDate"] >= began
    ]
    causes = [client.describe_execution(executionArn=arn).get("cause", "") for arn in arns]
    return [cause for cause in causes if "None of this execution's polls was answered" not in cause]


def test_a_deferral_that_is_canceled_stops_its_work(begun: Mapping[Begin, Begun | AssertionError]) -> None:
    case = _begun(begun, canceled_while_deferred)
    case.pipeline.ended(case.component, "CANCELED")
    eventually(lambda: case.log.read_text().split()[-1] == "canceled" or None, "the handler was not told")


@pytest.mark.long
def test_a_redeploy_with_tasks_in_flight(faulty_deployment: Deployment, tmp_path: Path) -> None:
    """The poller's configuration changes while it polls, tasks arrive, and tasks run."""
    log = tmp_path / "runs"
    names = [f"InFlight{number}" for number in range(6)]
    chain: dict[str, Fields] = {
        name: shell(f"echo {name} >> {log}; sleep 2", **({"myHandler": BOXED} if number < 2 else {}))
        for number, name in enumerate(names)
    }
    pipelines = [Pipeline.activated(faulty_deployment, {name: fields}) for name, fields in chain.items()]
    eventually(lambda: log.exists() or None, "no command was started")
    deploy(faulty_deployment, FAULTY_APP, tmp_path, **CONTEXT, pollTimeout="94")
    later = Pipeline.activated(faulty_deployment, {"AfterDeploy": shell("true")})
    for pipeline, name in zip(pipelines, names, strict=True):
        pipeline.ended(name, "FINISHED")
        _nothing_is_left(faulty_deployment, name)
    later.ended("AfterDeploy", "FINISHED")
    assert sorted(log.read_text().split()) == names


@pytest.mark.long
def test_two_stacks_share_a_worker_group(faulty_deployment: Deployment, tmp_path: Path) -> None:
    log = tmp_path / "runs"
    names = [f"Shared{number}" for number in range(12)]
    try:
        deploy(faulty_deployment, ROOT, tmp_path, **CONTEXT, pollTimeout="95", stackName="Second")
        pipelines = {
            name: Pipeline.activated(faulty_deployment, {name: shell(f"echo {name} >> {log}")})
            for name in names
        }
        for name, pipeline in pipelines.items():
            pipeline.ended(name, "FINISHED")
        by_stack = {
            stack: [
                arn for name in names for arn in executions(faulty_deployment, f"{stack}-RunTask", of=name)
            ]
            for stack in (STACK, "Second")
        }
    finally:
        faulty_deployment.cloudformation.delete_stack(StackName="Second")
    assert sorted(log.read_text().split()) == sorted(names)
    assert sum(map(len, by_stack.values())) == len(names)


CONTEXT = {"timeScale": "40", "schedule": "rate(1 minute)"}


def _nothing_is_left(deployment: Deployment, component: str) -> None:
    eventually(
        lambda: "RUNNING" not in executions(deployment, RUN_TASK, of=component).values() or None,
        f"an execution of {component} goes on",
    )
    eventually(lambda: not left(deployment, of=component) or None, f"a container of {component} goes on")
