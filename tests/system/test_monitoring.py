"""Each alarm's cause is made to happen, and its message comes; then it ends, and that is told too.

The tests share one deployment and are told in the order of a bad day. Minutes of the service, of schedules
and of alarms are seconds here. Local AWS enforces no IAM, so a lacking permission is the service's refusal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.breakage import handler_gone, schedule
from tests.system.deployments import STACK, Deployment, deployed, eventually
from tests.system.executions import RUN_TASK, executions, state_machine
from tests.system.mailbox import Mailbox, messages, purge
from tests.system.metrics import alarms, emitted_metrics, read_metrics
from tests.system.pipelines import Fields, Pipeline, shell

APP = Path(__file__).parent / "monitored_app"
ORDERS = "orders"
ORDERS_SCHEDULE = f"{STACK}-orders"
NAMESPACE = "DataPipelineTaskRunner"

EXPECTED = {
    "NoPoll-orders",
    "Idle-orders",
    "PollsFailing",
    "PollLoopFailed",
    "NoHandler",
    "TasksNotReported",
    "TicksNotDelivered",
    "HandlerCrashed",
    "HandlerThrottled",
    "TasksFailed",
    "EndsNotCounted",
}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("home"), "--time-scale", "60", app=APP) as up:
        yield up


@pytest.fixture(scope="module")
def mailbox(deployment: Deployment) -> Mailbox:
    return Mailbox(deployment, "mailbox")


def routed(route: str, command: str) -> Fields:
    return shell(command, myHandler=route)


def test_every_alarm_has_a_test_here(deployment: Deployment) -> None:
    names = {alarm["AlarmName"].removeprefix(f"{STACK}-") for alarm in alarms(deployment)}
    # The other group's NoPoll is the same alarm once more.
    assert {name for name in names if not name.startswith("NoPoll-reports")} == EXPECTED


def test_a_group_that_is_given_nothing(deployment: Deployment, mailbox: Mailbox) -> None:
    mailbox.wait_for("Idle-orders", state="ALARM")
    Pipeline.activated(deployment, {"Hello": shell("true")}, worker_group=ORDERS)
    mailbox.wait_for("Idle-orders", state="OK")


def test_tasks_that_go_wrong(deployment: Deployment, mailbox: Mailbox) -> None:
    deployment.functions.put_function_concurrency(
        FunctionName="TaskRunner-deferring", ReservedConcurrentExecutions=0
    )
    activity = {
        "Unhandled": {"type": "HadoopActivity", "jarUri": "s3://b/j.jar"},
        "Crashing": routed("any-language", "crash"),
        "Failing": routed("any-language", "fail"),
        "Throttled": routed("deferring", "throttled"),
        "Stopped": shell("sleep 30"),
    }
    pipeline = Pipeline.activated(deployment, activity, worker_group=ORDERS)
    try:
        (stopped,) = eventually(lambda: executions(deployment, RUN_TASK, of="Stopped") or None, "not taken")
        deployment.stepfunctions.stop_execution(executionArn=stopped)
        mailbox.wait_for(
            "NoHandler",
            "HandlerCrashed",
            "TasksFailed",
            "HandlerThrottled",
            "TasksNotReported",
            state="ALARM",
        )
        assert pipeline.ended("Unhandled", "FAILED").fields["errorId"] == "NoHandlerForType"
        (message,) = messages(deployment, "tasks-not-reported")
        said = json.loads(message["Body"])["detail"]
        assert said["status"] == "ABORTED"
        assert json.loads(said["input"])["attemptId"].startswith("@Stopped_")
    finally:
        deployment.functions.delete_function_concurrency(FunctionName="TaskRunner-deferring")
        purge(deployment, "tasks-not-reported")
    pipeline.cancel("Throttled")
    mailbox.wait_for(
        "NoHandler", "HandlerCrashed", "TasksFailed", "HandlerThrottled", "TasksNotReported", state="OK"
    )


def test_a_poller_without_permission(deployment: Deployment, mailbox: Mailbox) -> None:
    with deployment.fault("PollForTask", "deny"):
        mailbox.wait_for("PollsFailing", "PollLoopFailed", state="ALARM")
    mailbox.wait_for("PollsFailing", "PollLoopFailed", state="OK")


def test_ticks_and_ends_that_are_lost(deployment: Deployment, mailbox: Mailbox) -> None:
    counting = f"{STACK}-execution-ended"
    with schedule(deployment, ORDERS_SCHEDULE, State="DISABLED"), handler_gone(deployment, counting):
        deployment.stepfunctions.start_execution(
            stateMachineArn=state_machine(deployment, RUN_TASK), input=json.dumps({"taskId": "none"})
        )
        mailbox.wait_for("NoPoll-orders", "EndsNotCounted", state="ALARM")
    target = deployment.scheduler.get_schedule(Name=ORDERS_SCHEDULE)["Target"]
    with schedule(deployment, ORDERS_SCHEDULE, Target={**target, "Arn": f"{target['Arn']}-gone"}):
        mailbox.wait_for("TicksNotDelivered", state="ALARM")
        (message, *_) = messages(deployment, "ticks-not-delivered")
        assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "StateMachineDoesNotExist"
    purge(deployment, "ticks-not-delivered")
    mailbox.wait_for("NoPoll-orders", "EndsNotCounted", "TicksNotDelivered", state="OK")


def test_what_is_emitted_is_what_is_read(deployment: Deployment) -> None:
    """After tasks have ended in all the ways that there are."""
    several = {f"Full{number}": shell("sleep 1") for number in range(5)}
    activities = {
        **several,
        "Secret": shell("true", **{"*token": "not-a-token"}),
        "NotMet": routed("any-language", "not-met"),
        "Refused": routed("any-language", "refused"),
    }
    pipeline = Pipeline.activated(deployment, activities, worker_group=ORDERS)
    forgotten = Pipeline.activated(deployment, {"Forgotten": shell("sleep 2")}, worker_group=ORDERS)
    eventually(lambda: executions(deployment, RUN_TASK, of="Forgotten") or None, "it was not taken")
    deployment.datapipeline.delete_pipeline(pipelineId=forgotten.id)
    for name in activities:
        pipeline.over(name)

    read = {key for key in read_metrics(deployment) if key[0] == NAMESPACE}

    def missing() -> set[Any]:
        return read - emitted_metrics(deployment)

    eventually(lambda: (not missing()) or None, lambda: f"read but never emitted: {missing()}")
    assert emitted_metrics(deployment) - read == set()
