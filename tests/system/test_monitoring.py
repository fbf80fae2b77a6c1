"""Each alarm's cause is brought about and its message arrives; then the cause ends, and a message says so.

The tests share one deployment, in the order of a bad day. Minutes of the service, of schedules and of alarms
last seconds here. The stack has its own key: see monitored_app.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.dashboard.svg import default_span, draw
from local.dashboard.widgets import read_dashboard
from local.launch import ROOT
from tests.log_table import common_fields, documented
from tests.system.breakage import handler_gone, permission_revoked, schedule
from tests.system.dashboard_picture import PICTURE, fixed_texts, legends
from tests.system.deployments import STACK, Deployment, deployed, eventually
from tests.system.executions import (
    NEVER_ACKNOWLEDGES,
    RUN_TASK,
    executions,
    run_task_replaced,
    state_machine,
)
from tests.system.mailbox import Mailbox, messages
from tests.system.metrics import alarms, emitted_metrics, read_metrics
from tests.system.pipelines import Fields, Pipeline, shell
from tests.system.runbook import first, first_commands, follow, leads_from

APP = Path(__file__).parent / "monitored_app"
ORDERS = "orders"
ORDERS_SCHEDULE = f"{STACK}-orders"
NAMESPACE = "DataPipelineTaskRunner"

NAMES = {"STACK": STACK, "GROUP": "orders"}
NOTHING_TAKEN = "Nothing is taken: tasks stay in WAITING_FOR_RUNNER"
FAILED = "An attempt is FAILED"
PAUSING = "Pausing a worker group"
RERUNNING = "Running a task again"
STORY = "One task's story"
WAITS = "A task is RUNNING and its handler logs nothing"
DRAINING = "Draining"
LATE = "A step of a chain starts late"
AWAKE = "A worker group stays awake, and costs"

EXPECTED = {
    "NoPoll-orders",
    "Idle-orders",
    "PollLoopFailed",
    "NoHandler",
    "TasksNotReported",
    "TicksNotDelivered",
    "HandlerCrashed",
    "HandlerThrottled",
    "TasksFailed",
    "EndsNotCounted",
    "ContainersNotStarted",
}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    # The group that says nothing of polling sleeps, as on AWS.
    asleep = ("--context", "schedule=rate(5 minutes)", "--context", "pollTimeout=10")
    with deployed(tmp_path_factory.mktemp("home"), "--time-scale", "60", *asleep, app=APP) as up:
        yield up


@pytest.fixture(scope="module")
def mailbox(deployment: Deployment) -> Mailbox:
    return Mailbox(deployment, "mailbox")


def routed(route: str, command: str) -> Fields:
    return shell(command, myHandler=route)


def test_every_alarm_has_a_test_here(deployment: Deployment) -> None:
    names = {alarm["AlarmName"].removeprefix(f"{STACK}-") for alarm in alarms(deployment)}
    # The other group's NoPoll is the same alarm again.
    assert {name for name in names if not name.startswith("NoPoll-reports")} == EXPECTED
    assert {name.partition("-")[0] for name in EXPECTED} == set(first_commands())


def test_a_group_that_is_given_nothing(deployment: Deployment, mailbox: Mailbox) -> None:
    mailbox.wait_for("Idle-orders", state="ALARM")
    assert ORDERS in first(deployment, "Idle", NAMES).splitlines()
    Pipeline.activated(deployment, {"Hello": shell("true")}, worker_group=ORDERS)
    mailbox.wait_for("Idle-orders", state="OK")


def test_tasks_that_go_wrong(deployment: Deployment, mailbox: Mailbox, tmp_path: Path) -> None:
    deployment.lambda_.put_function_concurrency(
        FunctionName="TaskRunner-deferring", ReservedConcurrentExecutions=0
    )
    activity = {
        "Unhandled": {"type": "HadoopActivity", "jarUri": "s3://b/j.jar"},
        "Crashing": routed("any-language", "crash"),
        "Failing": routed("any-language", "fail"),
        "FailingToo": routed("any-language", "fail"),
        "Throttled": routed("deferring", "throttled"),
        "Stopped": shell(
            f"test -e {tmp_path}/mended || {{ touch {tmp_path}/started; sleep 30; }}",
            reportProgressTimeout="2 minutes",
        ),
    }
    pipeline = Pipeline.activated(deployment, activity, worker_group=ORDERS)
    try:
        # Only then is it acknowledged, and not offered to another execution.
        eventually(lambda: (tmp_path / "started").exists() or None, "not started")
        (stopped,) = executions(deployment, RUN_TASK, of="Stopped")
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
        for alarm in ("NoHandler", "HandlerCrashed", "TasksFailed"):
            ended = [json.loads(line) for line in first(deployment, alarm, NAMES).splitlines()]
            (unhandled,) = [line for line in ended if line["errorId"] == "NoHandlerForType"]
            assert {unhandled["pipelineId"], unhandled["attemptId"]} == {*ids(pipeline, "Unhandled").values()}
        assert int(first(deployment, "HandlerThrottled", NAMES)) > 0
        (throttled,) = executions(deployment, RUN_TASK, of="Throttled")
        assert "Lambda.TooManyRequestsException" in follow(deployment, WAITS, {"EXECUTION": throttled})
        assert '"ABORTED"' in first(deployment, "TasksNotReported", NAMES)
        (message,) = messages(deployment, "tasks-not-reported")
        said = json.loads(message["Body"])["detail"]
        assert said["status"] == "ABORTED"
        assert said["input"] is None
        shown = follow(deployment, "TasksNotReported", {"EXECUTION": said["executionArn"]}, block=1)
        assert shown.startswith("ABORTED")
        assert '"attemptId":"@Stopped_' in shown.replace(" ", "")
    finally:
        deployment.lambda_.delete_function_concurrency(FunctionName="TaskRunner-deferring")
        follow(deployment, "TasksNotReported", NAMES, block=2)
    pipeline.cancel("Throttled")
    mailbox.wait_for(
        "NoHandler", "HandlerCrashed", "TasksFailed", "HandlerThrottled", "TasksNotReported", state="OK"
    )

    pipeline.ended("Stopped", "FAILED")
    (tmp_path / "mended").touch()
    follow(deployment, RERUNNING, ids(pipeline, "Stopped"))
    eventually(lambda: pipeline.attempts("Stopped")[-1].status == "FINISHED" or None, "it was not run again")


def test_containers_that_aws_has_no_room_for(deployment: Deployment, mailbox: Mailbox) -> None:
    """The stack's own key encrypts what the container reads and writes."""
    deployment.faults.add({"operation": "ECS:RunTask", "kind": "capacity", "count": 12})
    pipeline = Pipeline.activated(deployment, {"Boxed": routed("boxed", "true")}, worker_group=ORDERS)
    mailbox.wait_for("ContainersNotStarted", state="ALARM")
    for shown in (
        first(deployment, "ContainersNotStarted", NAMES),
        follow(deployment, "ContainersNotStarted", NAMES),
    ):
        assert "Capacity is unavailable" in shown
    deployment.faults.clear()
    pipeline.ended("Boxed", "FINISHED")
    mailbox.wait_for("ContainersNotStarted", state="OK")


def test_a_poller_without_permission(deployment: Deployment, mailbox: Mailbox) -> None:
    pipeline = Pipeline.put(deployment, {"Untaken": shell("true")}, worker_group=ORDERS)
    with permission_revoked(deployment, "PollLoopordersFunctionRole", "datapipeline:PollForTask"):
        pipeline.activate()
        mailbox.wait_for("PollLoopFailed", "NoPoll-orders", state="ALARM")
        shown = follow(deployment, NOTHING_TAKEN, {**NAMES, **ids(pipeline, "Untaken")})
        assert "PollForTask" in first(deployment, "PollLoopFailed", NAMES)
        assert f"{ORDERS_SCHEDULE}\tENABLED" in first(deployment, "NoPoll", NAMES)
        assert "AccessDeniedException" in follow(deployment, "PollLoopFailed", NAMES)
    loops, _, poll = shown.partition("polls that failed:")
    assert "FAILED" in loops.partition("the latest loops:")[2]
    message = json.loads(poll.strip().splitlines()[-1])
    assert "datapipeline:PollForTask" in message["advice"]
    assert "role" in leads_from(NOTHING_TAKEN, f"`{message['error']}`")
    mailbox.wait_for("PollLoopFailed", "NoPoll-orders", state="OK")
    pipeline.ended("Untaken", "FINISHED")


def test_ticks_and_ends_that_are_lost(deployment: Deployment, mailbox: Mailbox) -> None:
    counting = f"{STACK}-execution-ended"
    with schedule(deployment, ORDERS_SCHEDULE, State="DISABLED"), handler_gone(deployment, counting):
        deployment.stepfunctions.start_execution(
            stateMachineArn=state_machine(deployment, RUN_TASK), input=json.dumps({"taskId": "none"})
        )
        mailbox.wait_for("NoPoll-orders", "EndsNotCounted", state="ALARM")
        assert "Runtime.ImportModuleError" in first(deployment, "EndsNotCounted", NAMES)
        assert f"{ORDERS_SCHEDULE}\tDISABLED" in first(deployment, "NoPoll", NAMES)
    target = deployment.scheduler.get_schedule(Name=ORDERS_SCHEDULE)["Target"]
    with schedule(deployment, ORDERS_SCHEDULE, Target={**target, "Arn": f"{target['Arn']}-gone"}):
        mailbox.wait_for("TicksNotDelivered", state="ALARM")
        (message, *_) = messages(deployment, "ticks-not-delivered")
        attributes = message["MessageAttributes"]
        # Its role may start only its own loop.
        assert attributes["ERROR_CODE"]["StringValue"] == "AccessDeniedException"
        assert "states:StartExecution" in attributes["ERROR_MESSAGE"]["StringValue"]
        assert "AccessDeniedException" in first(deployment, "TicksNotDelivered", NAMES)
    follow(deployment, "TicksNotDelivered", NAMES, block=1)
    mailbox.wait_for("NoPoll-orders", "EndsNotCounted", "TicksNotDelivered", state="OK")


def test_one_query_tells_the_whole_story_of_a_task(deployment: Deployment) -> None:
    """A task that was offered twice, deferred, and canceled."""
    pipeline = Pipeline.put(deployment, {"Story": routed("deferring", "wait")}, worker_group=ORDERS)
    with run_task_replaced(deployment, NEVER_ACKNOWLEDGES):
        pipeline.activate()
        first = next(
            iter(eventually(lambda: executions(deployment, RUN_TASK, of="Story") or None, "not taken"))
        )
        deployment.stepfunctions.stop_execution(executionArn=first)
    eventually(
        lambda: story_messages(deployment, pipeline).count("Task handled") > 1 or None,
        "it was not deferred twice",
    )
    pipeline.cancel("Story")
    pipeline.over("Story")
    eventually(
        lambda: story_messages(deployment, pipeline)[-1] == "Task ended" or None,
        lambda: str(story_messages(deployment, pipeline)),
    )

    lines = story(deployment, pipeline)
    words = [line["message"] for line in lines]
    assert words[:5] == [
        "Task received",
        "Task not reported",
        "Task received",
        "Task started",
        "Task handled",
    ]
    again, turns = words[5:-1], len(words[5:-1]) // 2
    assert again == ["Task started", "Task handled"] * turns
    handled = [line["outcome"] for line in lines if line["message"] == "Task handled"]
    assert handled == ["DEFERRED"] * turns + ["CANCELED"]
    assert (lines[1]["executionStatus"], lines[-1]["outcome"]) == ("ABORTED", "CANCELED")
    assert lines[-1]["deferrals"] == turns
    assert lines[1]["execution"] == lines[0]["execution"] != lines[2]["execution"] == lines[-1]["execution"]
    assert len({line["attemptId"] for line in lines}) == 1
    variables = {**NAMES, **ids(pipeline, "Story")}
    plain = follow(deployment, STORY, variables)
    assert [word for word in words if word not in plain] == []
    shown = follow(deployment, STORY, variables, block=1)
    assert re.findall(r'"message":"(Task [^"]+)"', shown) == words
    assert lines[0]["execution"] in follow(deployment, STORY, NAMES, block=2)


def test_the_picture_in_the_docs_is_of_this_dashboard(deployment: Deployment) -> None:
    span = default_span(1, 60, datetime.now(UTC))
    widgets = read_dashboard(deployment.cloudwatch, STACK, span)
    there = PICTURE.read_text(encoding="utf-8")
    anew = "`python -m tests.system.dashboard_picture` draws it anew"
    drawn = draw(widgets, span)
    assert fixed_texts(there) == fixed_texts(drawn), anew
    # What a search finds depends on what has happened.
    body = json.loads(deployment.cloudwatch.get_dashboard(DashboardName=STACK)["DashboardBody"])
    searched = {
        widget["properties"]["title"] for widget in body["widgets"] if "SEARCH(" in json.dumps(widget)
    }
    in_picture, now = legends(there), legends(drawn)
    assert len(in_picture.keys() - searched) > 5
    for title in in_picture.keys() | now.keys():
        assert title in searched or in_picture.get(title) == now.get(title), anew


def test_the_commands_on_a_quiet_stack(deployment: Deployment) -> None:
    assert '"awake":' in follow(deployment, LATE, NAMES).replace(" ", "")
    # What they print depends on what still runs.
    follow(deployment, AWAKE, NAMES)
    follow(deployment, DRAINING, NAMES)
    follow(deployment, "HandlerThrottled", NAMES)


def test_the_page_leads_to_a_wrong_group_and_to_a_paused_schedule(
    deployment: Deployment, tmp_path: Path
) -> None:
    pipeline = Pipeline.activated(deployment, {"Misspelt": shell("true")}, worker_group="Orders")
    follow(deployment, PAUSING, NAMES, directory=tmp_path)
    try:
        shown = follow(deployment, NOTHING_TAKEN, {**NAMES, **ids(pipeline, "Misspelt")})
    finally:
        follow(deployment, PAUSING, NAMES, block=1, directory=tmp_path)
    own, polled, schedules = re.split("the .*:\n", shown)[1:4]
    assert own.strip() not in polled.splitlines()
    assert "misspelt" in leads_from(NOTHING_TAKEN, "pipeline's group is not among")
    assert re.search(r"^TaskRunner-orders\s+DISABLED$", schedules, re.MULTILINE)
    assert "paused" in leads_from(NOTHING_TAKEN, "`DISABLED`")
    assert deployment.scheduler.get_schedule(Name=ORDERS_SCHEDULE)["State"] == "ENABLED"


@pytest.mark.parametrize(
    ("component", "activity", "error_id", "names"),
    [
        (
            "NoSuchHandler",
            {"type": "HadoopActivity", "jarUri": "s3://b/j.jar"},
            "NoHandlerForType",
            "HadoopActivity",
        ),
        (
            "NoBucket",
            {"type": "ShellCommandActivity", "scriptUri": "s3://gone-bucket/run.sh"},
            "ScriptNotRead",
            "s3://gone-bucket/run.sh",
        ),
    ],
)
def test_the_page_leads_to_why_a_task_failed(
    deployment: Deployment, component: str, activity: Fields, error_id: str, names: str
) -> None:
    pipeline = Pipeline.activated(deployment, {component: activity}, worker_group=ORDERS)
    pipeline.ended(component, "FAILED")
    shown = follow(deployment, FAILED, ids(pipeline, component))
    assert re.search(rf"^errorId\s+{error_id}$", shown, re.MULTILINE)
    assert names in shown
    assert leads_from(FAILED, f"`{error_id}`")


def test_what_is_emitted_is_what_is_read(deployment: Deployment) -> None:
    """After tasks have ended in every possible way."""
    # Long enough to run at once, on a busy machine too.
    several = {f"Full{number}": shell("sleep 4") for number in range(6)}
    activities = {
        **several,
        "Secret": shell("true", **{"*token": "not-a-token"}),
        "NotMet": routed("any-language", "not-met"),
        "Refused": routed("any-language", "refused"),
    }
    pipeline = Pipeline.activated(deployment, activities, worker_group=ORDERS)
    forgotten = Pipeline.activated(
        deployment, {"Forgotten": routed("any-language", "slow")}, worker_group=ORDERS
    )
    eventually(lambda: forgotten.attempts("Forgotten")[0].status == "RUNNING" or None, "it was not taken")
    deployment.datapipeline.delete_pipeline(pipelineId=forgotten.id)
    for name in activities:
        pipeline.over(name)

    read = read_metrics(deployment)

    def missing() -> set[Any]:
        return read - emitted_metrics(deployment)

    eventually(lambda: (not missing()) or None, lambda: f"read but never emitted: {missing()}")
    assert {key for key in emitted_metrics(deployment) if key[0] == NAMESPACE} - read == set()


def test_every_line_of_the_logs_is_as_documented(deployment: Deployment) -> None:
    """Everything that the tests above have made the functions log."""
    table = documented()
    groups = deployment.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{STACK}-")["logGroups"]
    seen = set()
    for group in groups:
        pages = deployment.logs.get_paginator("filter_log_events").paginate(
            logGroupName=group["logGroupName"]
        )
        for event in (event for page in pages for event in page["events"]):
            line = json.loads(event["message"]) if event["message"].startswith("{") else {}
            if "service" not in line or "_aws" in line or "stream" in line:
                continue
            key = line["message"], line["level"]
            assert key in table, line
            assert set(line) - common_fields() <= table[key], line
            seen.add(line["message"])
    assert {
        "Polled",
        "Poll failed",
        "Task received",
        "Task ended",
        "Task not reported",
        "Task handled",
    } <= seen
    assert {"PollLoop failed", "At max_concurrent_tasks", "Task started"} <= seen


def ids(pipeline: Pipeline, component: str) -> dict[str, str]:
    """The page's variables for the only attempt of a component."""
    (attempt,) = pipeline.attempts(component)
    return {"PIPELINE": pipeline.id, "ATTEMPT": attempt.id}


def story_messages(deployment: Deployment, pipeline: Pipeline) -> list[str]:
    return [line["message"] for line in story(deployment, pipeline)]


def story(deployment: Deployment, pipeline: Pipeline) -> list[dict[str, Any]]:
    """The lines that the saved query finds by attempt id, in all of the stack's log groups."""
    attempt = pipeline.attempts("Story")[0].id
    pattern = re.sub(r"[^A-Za-z0-9_-]", ".", attempt)
    query = (ROOT / "docs" / "queries" / "task-story.txt").read_text().replace("ID", pattern)
    groups = deployment.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{STACK}-")["logGroups"]
    started = deployment.logs.start_query(
        logGroupNames=[group["logGroupName"] for group in groups],
        startTime=0,
        endTime=int(time.time()) + 60,
        queryString=query,
    )
    results = deployment.logs.get_query_results(queryId=started["queryId"])["results"]
    rows = [{cell["field"]: cell["value"] for cell in row} for row in results]
    return [json.loads(row["@message"]) for row in rows]
