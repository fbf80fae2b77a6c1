"""The two state machines: their shape, their expressions, and an end to every path through them."""

from __future__ import annotations

import re
from typing import Any

import jsonata
import pytest
from aws_cdk.assertions import Template

from tests.infra.conftest import synthesize
from tests.infra.state_machines import definitions

TASK = {"taskId": "t1", "route": "ShellCommandActivity", "type": "ShellCommandActivity"}


@pytest.fixture(scope="module")
def run_task(template: Template) -> dict[str, Any]:
    return definitions(template)["TaskRunner-RunTask"]


@pytest.fixture(scope="module")
def poll_loop(template: Template) -> dict[str, Any]:
    return definitions(template)["TaskRunner-PollLoop-etl"]


def following(state: dict[str, Any]) -> set[str]:
    """The states that may come after ``state``."""
    targets = {state.get("Next"), state.get("Default")}
    targets |= {rule["Next"] for key in ("Choices", "Catch") for rule in state.get(key, [])}
    return {target for target in targets if target}


def evaluate(text: str, **states: Any) -> Any:
    """A JSONata expression of the definition, with ``$states`` as Step Functions gives it."""
    states.setdefault("context", {"Execution": {"Input": TASK, "Name": "Load-x"}})
    match = re.fullmatch(r"\{%\s*(.*?)\s*%\}", text, re.DOTALL)
    assert match
    return jsonata.Jsonata(match[1]).evaluate(None, {"states": states})


@pytest.mark.parametrize("name", ["TaskRunner-RunTask", "TaskRunner-PollLoop-etl"])
def test_every_state_is_there_and_can_be_reached(template: Template, name: str) -> None:
    machine = definitions(template)[name]
    assert machine["QueryLanguage"] == "JSONata"
    reached, todo = set(), [machine["StartAt"]]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += following(machine["States"][state])
    assert reached == set(machine["States"])


def test_every_task_state_has_a_catch_for_all_errors(run_task: dict[str, Any]) -> None:
    for name, state in run_task["States"].items():
        if state["Type"] == "Task":
            caught = [error for rule in state["Catch"] for error in rule["ErrorEquals"]]
            assert "States.ALL" in caught, name


def test_the_ends_of_run_task_are_few_and_known(run_task: dict[str, Any]) -> None:
    ends = {n for n, s in run_task["States"].items() if s.get("End") or s["Type"] in ("Succeed", "Fail")}
    assert ends == {
        "SetTaskStatus",
        "ReportRefusedStatus",
        "Canceled",
        "NoLongerOurs",
        "NotAcknowledged",
        "StatusNotReported",
    }


def test_a_task_is_five_states_long(run_task: dict[str, Any]) -> None:
    states = run_task["States"]
    assert run_task["StartAt"] == "ReportProgress"
    assert states["ReportProgress"]["Next"] == "Route"
    assert "ShellCommandActivity" in following(states["Route"])
    assert states["ShellCommandActivity"]["Next"] == "Outcome"
    assert states["Outcome"]["Default"] == "SetTaskStatus"


def test_a_task_is_three_states_of_the_loop_and_so_is_an_idle_tick(poll_loop: dict[str, Any]) -> None:
    states = poll_loop["States"]
    assert poll_loop["StartAt"] == "Poll"
    assert states["Poll"]["Next"] == "Next"
    assert following(states["Next"]) == {"StartTask", "Wait", "Poll", "Done"}
    assert states["StartTask"]["Next"] == states["Wait"]["Next"] == "Poll"


@pytest.mark.parametrize(("retries", "events"), [(None, 20), (0, 20), (2, 26)])
def test_a_task_that_is_not_started_at_once_takes_more_of_the_loops_history(
    poll_loop: dict[str, Any], retries: int | None, events: int
) -> None:
    """A failed try adds three events: scheduled, started, failed."""
    context = {"State": {} if retries is None else {"RetryCount": retries}}
    start = poll_loop["States"]["StartTask"]
    (caught,) = start["Catch"]
    for output in (start["Output"], caught["Output"]):
        after_it = evaluate(output, input={"loop": {"polls": 1, "events": 20}}, context=context)
        assert after_it == {"loop": {"polls": 1, "events": events}}
    payload = poll_loop["States"]["Poll"]["Arguments"]["Payload"]
    assert evaluate(payload["retries"], context=context) == (retries or 0)


BEGIN_LATER = [
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceQuotaExceededException",
    "Lambda.ResourceConflictException",
    "Lambda.ResourceNotReadyException",
    "Lambda.CodeArtifactUserPendingException",
    "Lambda.ENILimitReachedException",
    "Lambda.EniLimitReachedException",
    "Lambda.ENINotReadyException",
    "Lambda.SubnetIPAddressLimitReachedException",
    "Lambda.SubnetIpAddressLimitReachedException",
    "Lambda.EC2ThrottledException",
    "Lambda.Ec2ThrottledException",
    "Lambda.EC2UnexpectedException",
    "Lambda.EFSMountConnectivityException",
    "Lambda.EFSMountTimeoutException",
    "Lambda.S3FilesMountTimeoutException",
    "Lambda.SnapStartNotReadyException",
]
BEGUN_OR_NEVER_WILL = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.Unknown",
    "Lambda.KMSDisabledException",
    "Lambda.KMSAccessDeniedException",
    "Lambda.ResourceNotFoundException",
    "Lambda.InvalidSubnetIDException",
    "Lambda.EC2AccessDeniedException",
    "Lambda.EFSIOException",
    "Lambda.EFSMountFailureException",
    "States.Timeout",
    "ValueError",
]


def after(state: dict[str, Any], error: str) -> tuple[int, str]:
    """How often a Task state is retried after an error, and the state that follows then."""

    def first(rules: str) -> dict[str, Any]:
        matching = [rule for rule in state.get(rules, []) if {error, "States.ALL"} & set(rule["ErrorEquals"])]
        return matching[0] if matching else {}

    return first("Retry").get("MaxAttempts", 0), first("Catch").get("Next", "")


@pytest.mark.parametrize("error", BEGIN_LATER)
def test_a_handler_that_did_not_start_is_invoked_again_for_as_long_as_it_takes(
    run_task: dict[str, Any], poll_loop: dict[str, Any], error: str
) -> None:
    tries, following = after(run_task["States"]["ShellCommandActivity"], error)
    assert tries == 4
    if following == "NoCapacity":  # It is counted on the way.
        following = run_task["States"][following]["Next"]
    assert following == "Wait"
    retries, _ = after(poll_loop["States"]["Poll"], error)
    assert retries > 0


@pytest.mark.parametrize("error", BEGUN_OR_NEVER_WILL)
def test_a_handler_that_may_have_started_or_never_can_is_not_invoked_again(
    run_task: dict[str, Any], error: str
) -> None:
    assert after(run_task["States"]["ShellCommandActivity"], error) == (0, "Outcome")


@pytest.mark.parametrize("name", ["SetTaskStatus", "ReportRefusedStatus"])
def test_a_status_is_tried_for_a_quarter_of_an_hour_at_least(run_task: dict[str, Any], name: str) -> None:
    retry = next(r for r in run_task["States"][name]["Retry"] if r["ErrorEquals"] == ["States.ALL"])
    waits = [
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** n, retry["MaxDelaySeconds"])
        for n in range(retry["MaxAttempts"])
    ]
    # Full jitter halves each wait on average.
    assert sum(waits) / 2 > 15 * 60


def test_acknowledging_is_given_up_before_the_task_is_offered_again(run_task: dict[str, Any]) -> None:
    retry = next(
        r for r in run_task["States"]["ReportProgress"]["Retry"] if r["ErrorEquals"] == ["States.ALL"]
    )
    waits = [
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** n, retry["MaxDelaySeconds"])
        for n in range(retry["MaxAttempts"])
    ]
    assert sum(waits) < 120


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"status": "FINISHED"}, "FINISHED"),
        ({"status": "FALSE"}, "FALSE"),
        ({"status": "DEFERRED", "state": {"q": 1}}, "DEFERRED"),
        ({"status": "CANCELED"}, "CANCELED"),
        ({"status": "DONE"}, "FAILED"),
        ({}, "FAILED"),
        ("FINISHED", "FAILED"),
        ([{"status": "FINISHED"}], "FAILED"),
        (42, "FAILED"),
        (False, "FAILED"),
    ],
)
def test_any_return_value_is_made_an_outcome(run_task: dict[str, Any], payload: Any, status: str) -> None:
    output = run_task["States"]["ShellCommandActivity"]["Output"]
    outcome = evaluate(output, result={"Payload": payload}, input={"canceled": False})
    assert outcome["status"] == status


def test_no_return_value_is_finished(run_task: dict[str, Any]) -> None:
    output = run_task["States"]["ShellCommandActivity"]["Output"]
    assert evaluate(output, result={"Payload": None}, input={"canceled": False})["status"] == "FINISHED"
    assert evaluate(output, result={}, input={"canceled": False})["status"] == "FINISHED"


def test_of_a_canceled_task_nothing_is_reported_but_it_may_need_time_to_stop(
    run_task: dict[str, Any],
) -> None:
    output = run_task["States"]["ShellCommandActivity"]["Output"]
    for said, status in (("FINISHED", "CANCELED"), ("FAILED", "CANCELED"), ("DEFERRED", "DEFERRED")):
        outcome = evaluate(output, result={"Payload": {"status": said}}, input={"canceled": True})
        assert outcome["status"] == status


def test_a_crash_is_failed_with_lambdas_words(run_task: dict[str, Any]) -> None:
    caught = next(
        rule
        for rule in run_task["States"]["ShellCommandActivity"]["Catch"]
        if rule["ErrorEquals"] == ["States.ALL"]
    )
    cause = '{"errorMessage": "Task timed out after 3.00 seconds", "errorType": "Sandbox.Timedout"}'
    not_canceled = {"canceled": False}
    outcome = evaluate(
        caught["Output"], errorOutput={"Error": "Sandbox.Timedout", "Cause": cause}, input=not_canceled
    )
    assert outcome["errorId"] == "Sandbox.Timedout"
    assert "timed out after 3.00 seconds" in outcome["errorMessage"]
    assert "ShellCommandActivity" in outcome["errorMessage"]
    named = evaluate(caught["Output"], errorOutput={"Error": "Service_X"}, input=not_canceled)
    assert named["errorId"] == "HandlerService_X"


def test_a_crash_while_it_stops_a_canceled_task_reports_nothing(run_task: dict[str, Any]) -> None:
    for caught in run_task["States"]["ShellCommandActivity"]["Catch"][2:]:
        said = evaluate(caught["Output"], errorOutput={"Error": "E"}, input={"canceled": True})
        assert said == {"status": "CANCELED", "deferrals": 0, "crashed": True}
        assert caught["Next"] == "Outcome"


def status_arguments(run_task: dict[str, Any], outcome: dict[str, Any]) -> Any:
    return evaluate(run_task["States"]["SetTaskStatus"]["Arguments"], input=outcome)


def test_the_status_call_leaves_out_what_there_is_not(run_task: dict[str, Any]) -> None:
    assert status_arguments(run_task, {"status": "FINISHED", "errorId": "x"}) == {
        "TaskId": "t1",
        "TaskStatus": "FINISHED",
    }
    assert status_arguments(run_task, {"status": "FAILED"}) == {
        "TaskId": "t1",
        "TaskStatus": "FAILED",
        "ErrorId": "HandlerFailed",
        "ErrorMessage": "The handler gave no message.",
    }


def test_the_status_call_keeps_to_the_services_limits(run_task: dict[str, Any]) -> None:
    arguments = status_arguments(
        run_task,
        {
            "status": "FAILED",
            "errorId": "Service_" + "x" * 5_000,
            "errorMessage": {"not": "text\u0000"},
            "errorStackTrace": "begin" + "x" * 5_000 + "end\u0007",
        },
    )
    assert arguments["ErrorId"].startswith("HandlerService_")
    assert len(arguments["ErrorId"]) == 1024
    assert len(arguments["ErrorStackTrace"]) == 1024
    assert arguments["ErrorStackTrace"].endswith("end ")
    assert "not" in arguments["ErrorMessage"]


@pytest.mark.parametrize(("asked", "given"), [(30, 30), (0, 1), (10_000, 240), (2.7, 2), ("soon", 60)])
def test_a_deferral_waits_no_longer_than_progress_may(
    run_task: dict[str, Any], asked: Any, given: int
) -> None:
    choice = next(choice for choice in run_task["States"]["Outcome"]["Choices"] if choice["Next"] == "Wait")
    deferred = {"status": "DEFERRED", "waitSeconds": asked, "state": {"q": 1}, "deferrals": 2}
    output = evaluate(choice["Output"], input=deferred)
    assert output == {"resume": {"state": {"q": 1}, "deferrals": 3}, "waitSeconds": given}


def branch(run_task: dict[str, Any], state_input: dict[str, Any], task: dict[str, Any]) -> str:
    context = {"Execution": {"Input": task, "Name": "x"}}
    for choice in run_task["States"]["Route"]["Choices"]:
        if evaluate(choice["Condition"], input=state_input, context=context):
            return str(choice["Next"])
    raise AssertionError("no choice holds")


@pytest.mark.parametrize(
    ("state_input", "task", "state"),
    [
        ({"canceled": False}, TASK, "ShellCommandActivity"),
        ({"canceled": True}, TASK, "Canceled"),
        ({"canceled": True, "resume": {"state": 1}}, TASK, "ShellCommandActivity"),
        ({"canceled": False, "unacknowledged": True}, TASK, "NotAcknowledged"),
        ({"canceled": False, "unacknowledged": True, "resume": {}}, TASK, "ShellCommandActivity"),
        ({"canceled": False}, {**TASK, "refusal": {"errorId": "MalformedTask"}}, "SetTaskStatus"),
        ({"canceled": False}, {**TASK, "route": "PigActivity"}, "SetTaskStatus"),
    ],
)
def test_routes(run_task: dict[str, Any], state_input: Any, task: Any, state: str) -> None:
    assert branch(run_task, state_input, task) == state


def test_a_route_may_have_quotes_and_expressions_in_its_name() -> None:
    from infra.handlers import shell_command

    odd = """it's "a" {% route %} \\ €"""
    machine = definitions(synthesize(handlers={odd: shell_command()}))["TaskRunner-RunTask"]
    assert branch(machine, {"canceled": False}, {**TASK, "route": odd}) == odd
    assert branch(machine, {"canceled": False}, {**TASK, "route": "other"}) == "SetTaskStatus"


@pytest.mark.parametrize(
    "route", ["PigActivity", "shellcommandactivity", "{% 1 %}", "it's", "\ufffd" * 1_024]
)
def test_what_has_no_handler_is_failed_with_its_name_what_to_do_and_what_there_is(
    run_task: dict[str, Any], route: str
) -> None:
    context = {"Execution": {"Input": {**TASK, "route": route}, "Name": "x"}}
    choice = run_task["States"]["Route"]["Choices"][-1]
    assert evaluate(choice["Condition"], input={"canceled": False}, context=context)
    said = evaluate(choice["Output"], input={"canceled": False}, context=context)
    arguments = evaluate(run_task["States"]["SetTaskStatus"]["Arguments"], input=said, context=context)
    assert (arguments["TaskStatus"], arguments["ErrorId"]) == ("FAILED", "NoHandlerForType")
    message = arguments["ErrorMessage"]
    assert f"No handler is registered for '{route}'." in message
    assert "`handlers` in app.py and deploy again" in message
    assert message.endswith("Registered: ShellCommandActivity.")


@pytest.mark.parametrize("state", ["Canceled", "NoLongerOurs", "SetTaskStatus", "ReportRefusedStatus"])
@pytest.mark.parametrize(
    ("change", "unhandled"),
    [({}, None), ({"route": "PigActivity"}, True), ({"refusal": {"errorId": "MalformedTask"}}, True)],
)
def test_every_end_says_whether_there_was_a_handler(
    run_task: dict[str, Any], state: str, change: dict[str, Any], unhandled: bool | None
) -> None:
    context = {"Execution": {"Input": TASK | change, "Name": "x"}}
    given = {"status": "FINISHED", "deferrals": 0, "crashed": False}
    output = evaluate(run_task["States"][state]["Output"], input=given, context=context, result={})
    assert output.get("unhandled") is unhandled


def test_a_refused_status_is_reported_as_failed(run_task: dict[str, Any]) -> None:
    def caught(name: str) -> str:
        invalid = "DataPipeline.InvalidRequestException"
        return next(
            str(rule["Next"]) for rule in run_task["States"][name]["Catch"] if invalid in rule["ErrorEquals"]
        )

    assert caught("SetTaskStatus") == "ReportRefusedStatus"
    assert caught("ReportRefusedStatus") == "StatusNotReported"
    arguments = evaluate(run_task["States"]["ReportRefusedStatus"]["Arguments"], input={})
    assert (arguments["TaskStatus"], arguments["ErrorId"]) == ("FAILED", "StatusRefused")
    assert arguments["TaskId"] == "t1"
