"""RunTask's ``.jsonata`` files, run unchanged by the reference implementation.

What the state machine contains, a file on one line and with its parameters' values in their places, has to
compute the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.run_task.expressions import expression, folded
from tests.infra.rules.test_jsonata import PROGRAMS, answers

FILES = Path(__file__).parents[3] / "infra" / "run_task"
REFERENCE = PROGRAMS[0]

ODD_ROUTE = """it's "a" $route {% /* x */ %} \\ €"""

TASK = {"taskId": "t1", "route": "PigActivity"}
FAILED = {
    "status": "FAILED",
    "errorId": "E",
    "errorMessage": "m\u0007",
    "errorStackTrace": "begin" + "x" * 1_024,
}

# For each file: its parameters, what $states holds besides the context, and the value.
CASES: list[tuple[str, dict[str, Any], dict[str, Any], Any]] = [
    (
        "outcome",
        {"route": ODD_ROUTE},
        {"result": {"Payload": 42}, "input": {"canceled": False, "resume": {"deferrals": 2}}},
        {
            "status": "FAILED",
            "errorId": "InvalidOutcome",
            "errorMessage": f"The handler for '{ODD_ROUTE}' did not return an object whose status is "
            "FINISHED, FAILED, FALSE, DEFERRED or CANCELED.",
            "deferrals": 2,
            "crashed": False,
        },
    ),
    (
        "crash",
        {"route": "'Exists'"},
        {"errorOutput": {"Error": "Service_X", "Cause": "It died."}, "input": {"canceled": False}},
        {
            "status": "FAILED",
            "errorId": "HandlerService_X",
            "errorMessage": "The handler for 'Exists' ended without an outcome (Service_X): It died.",
            "deferrals": 0,
            "crashed": True,
        },
    ),
    (
        "crash_again",
        {"most": 5, "seconds": 60},
        {"input": {"canceled": True, "resume": {"state": {"step": "s-1"}, "deferrals": 2, "crashes": 4}}},
        {"status": "DEFERRED", "state": {"step": "s-1"}, "waitSeconds": 60, "crashes": 5},
    ),
    (
        "stopped_task",
        {},
        {
            "result": {
                "TaskArn": "arn:t",
                "StopCode": "EssentialContainerExited",
                "Cpu": "1024",
                "Containers": [{"Name": "handler", "ExitCode": 0, "Cpu": "0"}],
            }
        },
        {
            "TaskArn": "arn:t",
            "StopCode": "EssentialContainerExited",
            "StoppedReason": "",
            "Containers": [{"Name": "handler", "ExitCode": 0, "Reason": ""}],
        },
    ),
    (
        "left_container",
        {},
        {
            "errorOutput": {"Error": "TaskCanceled", "Cause": "why"},
            "input": {"canceled": False, "resume": {"state": {"starts": 2}, "deferrals": 2}},
        },
        {
            "error": "TaskCanceled",
            "cause": "why",
            "canceled": True,
            "resume": {"state": {"starts": 2}, "deferrals": 2},
            "starts": 3,
            "looks": 0,
        },
    ),
    (
        "followed_container",
        {},
        {
            "input": {
                "canceled": False,
                "resume": {"state": {"starts": 2, "looks": 7, "running": True}, "deferrals": 9},
            },
        },
        {
            "error": "ContainerFollowed",
            "cause": "",
            "canceled": False,
            "resume": {"state": {"starts": 2, "looks": 7, "running": True}, "deferrals": 9},
            "starts": 2,
            "looks": 7,
        },
    ),
    (
        "no_handler",
        {"registered": f"Exists, {ODD_ROUTE}"},
        {},
        {
            "status": "FAILED",
            "errorId": "NoHandlerForType",
            "errorMessage": "No handler is registered for 'PigActivity'. Add one to `handlers` in app.py and "
            "deploy again, or correct the object's type or myHandler. "
            f"Registered: Exists, {ODD_ROUTE}.",
        },
    ),
    ("has_no_handler", {"routes": ["Exists", ODD_ROUTE]}, {}, True),
    ("has_no_handler", {"routes": ["Exists", "PigActivity"]}, {}, False),
    (
        "deferral",
        {},
        {"input": {"waitSeconds": 10_000, "state": {"q": 1}, "deferrals": 1}},
        {"resume": {"state": {"q": 1}, "deferrals": 2}, "waitSeconds": 240},
    ),
    (
        "judge_again",
        {"most": 60, "seconds": 60},
        {"input": {"starts": 2, "looks": 3, "resume": {"crashes": 59}}},
        {
            "status": "DEFERRED",
            "state": {"starts": 2, "looks": 4, "running": True},
            "waitSeconds": 60,
            "crashes": 60,
        },
    ),
    (
        "status_arguments",
        {},
        {"input": FAILED},
        {
            "TaskId": "t1",
            "TaskStatus": "FAILED",
            "ErrorId": "E",
            "ErrorMessage": "m ",
            "ErrorStackTrace": "x" * 1_024,
        },
    ),
    (
        "refused_status_arguments",
        {},
        {},
        {
            "TaskId": "t1",
            "TaskStatus": "FAILED",
            "ErrorId": "StatusRefused",
            "ErrorMessage": "Data Pipeline refused the status that the handler gave. See execution Load-x",
        },
    ),
    (
        "not_reported",
        {},
        {},
        "SetTaskStatus could not be called for task t1. Data Pipeline takes the task back after its progress "
        "timeout.",
    ),
    (
        "end",
        {"status": "CANCELED", "hasNoHandler": True},
        {"input": {"crashed": True, "deferrals": 3}},
        {"status": "CANCELED", "deferrals": 3, "crashed": True, "unhandled": True},
    ),
    (
        "end",
        {"status": "FAILED", "hasNoHandler": False, "more": {"errorId": "E"}},
        {"input": {"crashed": False}},
        {"status": "FAILED", "deferrals": 0, "errorId": "E"},
    ),
]


def evaluated(source: str, states: dict[str, Any], bindings: dict[str, Any]) -> dict[str, Any]:
    """The reference implementation's answer."""
    context = {"Execution": {"Input": TASK, "Name": "Load-x"}}
    question = {
        "expressions": [source],
        "scopes": [{"context": context, **states}],
        "pairs": [[0, 0]],
        "bindings": bindings,
    }
    (answer,) = answers(REFERENCE, question)
    return answer


def test_every_file_has_a_case() -> None:
    assert {file.stem for file in FILES.glob("*.jsonata")} == {name for name, *_ in CASES}


@pytest.mark.parametrize(("name", "parameters", "states", "value"), CASES, ids=[case[0] for case in CASES])
def test_a_file_computes_the_same_as_what_the_state_machine_contains(
    name: str, parameters: dict[str, Any], states: dict[str, Any], value: Any
) -> None:
    source = (FILES / f"{name}.jsonata").read_text(encoding="utf-8")
    assert evaluated(source, states, parameters) == {"value": value}
    missing = {"more": ""} if name == "end" and "more" not in parameters else {}
    jsonata = {key: json.dumps(given) for key, given in parameters.items()} | missing
    assert evaluated(expression(name, **jsonata), states, {}) == {"value": value}


def test_comments_and_line_breaks_go_and_strings_stay() -> None:
    source = """
    /* A comment, on
       two lines. */
    (
      $a := '/* no comment */';  /* another */
      {
        'b': "it's // $a"
      }
    )
    """
    assert folded(source) == """($a := '/* no comment */'; {'b': "it's // $a"})"""
