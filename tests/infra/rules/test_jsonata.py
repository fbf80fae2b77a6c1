"""Evaluates all JSONata of the state machines with the reference implementation and with that of local AWS.

Step Functions names version 2.0.6 of the reference implementation (developer guide, "Transforming data with
JSONata"). The results of local AWS count only as far as the two agree: here on the data that simulated tasks
send through the state machines, and on values of every other type in their places.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from local.launch import ROOT
from tests.infra.rules import variants
from tests.infra.rules.deployed import Deployed
from tests.local.datapipeline.account import shell
from tests.simulation import interpreter
from tests.simulation.undocumented import settings_of, start
from tests.simulation.world import START, World

PROGRAMS: list[list[str | Path]] = [
    ["node", Path(__file__).with_name("jsonata.mjs")],
    [sys.executable, "-m", "tests.infra.rules.jsonata_of_local_aws"],
]
_EXPRESSION = re.compile(r"\{%\s*(.*?)\s*%\}", re.DOTALL)
_SCOPES = 200

Scope = dict[str, Any]

_ENVELOPE = {
    "taskId": "task-1",
    "pipelineId": "df-1",
    "attemptId": "@Load_2026-01-01T00:00:00_Attempt=1",
    "workerGroup": "etl",
    "type": "ShellCommandActivity",
    "route": "ShellCommandActivity",
    "receivedAt": "2026-01-01T00:00:00.000Z",
    "objects": {"@Load": {"id": "@Load", "fields": [{"key": "command", "stringValue": "echo '{% 1 %}'"}]}},
}
_REFUSED = {**_ENVELOPE, "refusal": {"errorId": "MalformedTask", "errorMessage": "It has no type."}}
_ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 2.7, 1e21, 10_000, "", "soon", "é€\u0000\u0007\x7f\n", "Service_X", "𝒳"),
    *([], [None], [1], [[]], ["a", "b"], {}, {"a": None}, {"status": []}, "x" * 5_000),
    *("FINISHED", "FAILED", "FALSE", "DEFERRED", "CANCELED", "START", "WAIT", "POLL", "STOP"),
]
_INPUTS: list[Any] = [
    {},
    {"canceled": False, "resume": None},
    {"canceled": True},
    {"canceled": False, "unacknowledged": True, "resume": {"state": {"q": [1]}, "deferrals": 3}},
    {"resume": {"state": None, "deferrals": 1}, "waitSeconds": 60},
    {"status": "FINISHED", "deferrals": 0, "crashed": False},
    {"status": "DEFERRED", "deferrals": 2, "state": {"q": 1}, "waitSeconds": 30.5, "crashed": False},
    {
        "status": "FAILED",
        "errorId": "E",
        "errorMessage": "m",
        "errorStackTrace": "s" * 2_000,
        "crashed": True,
    },
    {"status": "FAILED", "errorId": None, "errorMessage": {"not": "text"}},
    {"error": "States.TaskFailed", "cause": "{}", "canceled": False, "starts": 2, "looks": 1, "resume": None},
    {"error": "ContainerFollowed", "cause": "", "starts": 2, "looks": 1, "resume": {"crashes": 3}},
    {"next": "START", "waitSeconds": 0, "loop": {"polls": 1}, "task": _ENVELOPE, "name": "Load-1"},
    {"next": "WAIT", "waitSeconds": 15, "loop": {"polls": 1, "running": None}},
    {"error": "States.TaskFailed", "cause": "{}", "canceled": False, "resume": None, "starts": 2},
]
_RESULTS: list[Any] = [
    {},
    {"Canceled": False},
    {"Canceled": True},
    {"Payload": None},
    {"Payload": {"status": "FINISHED"}},
    {"Payload": {"status": "DEFERRED", "state": [1, 2], "waitSeconds": 5}},
    {"Payload": {"status": "FAILED", "errorId": "E", "errorMessage": "m", "crashed": True}},
    {"Payload": [{"status": "FINISHED"}]},
]
_ERRORS: list[Any] = [
    {"Error": "Lambda.Unknown", "Cause": '{"errorMessage": "m", "errorType": "E"}'},
    {"Error": "States.DataLimitExceeded"},
    {"Error": "Service_Unavailable", "Cause": "x" * 5_000},
]


def likely_and_odd(random: Random) -> list[Scope]:
    """Values of ``$states``: likely ones, and ones in which something has another type or is missing."""
    made = []
    for number in range(_SCOPES):
        scope: Scope = {
            "input": random.choice(_INPUTS),
            "result": random.choice(_RESULTS),
            "errorOutput": random.choice(_ERRORS),
            "context": {
                "Execution": {
                    "Id": "arn:aws:states:us-east-1:111122223333:execution:RunTask:Load-1",
                    "Input": random.choice([_ENVELOPE, _REFUSED, {**_ENVELOPE, "route": "PigActivity"}]),
                    "Name": "Load-1",
                    "StartTime": "2026-01-01T00:00:00.000Z",
                }
            },
        }
        scope = copy.deepcopy(scope)
        for _ in range(number % 4):
            spoil(scope, random)
        made.append(scope)
    return made


def spoil(scope: Scope, random: Random) -> None:
    """Replace or remove one value somewhere in ``scope``."""
    holders = list(objects_in(scope))
    holder = random.choice(holders)
    if holder is scope or not holder:
        holder = scope["input"] if isinstance(scope["input"], dict) else scope["context"]
    if not holder:
        return
    key = random.choice(sorted(holder))
    if random.random() < 0.3:
        del holder[key]
    else:
        holder[key] = copy.deepcopy(random.choice(_ODD))


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from objects_in(item)


def expressions() -> list[str]:
    """Every expression of every state machine of every variant, once."""
    found = {
        match[1]
        for name in variants.NAMES
        for machine in Deployed(variants.template(name)).state_machines().values()
        for text in texts_in(machine)
        if (match := _EXPRESSION.fullmatch(text))
    }
    return sorted(found)


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts_in(item)


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Scope]]:
    """The expressions that are evaluated while pipelines run in virtual time, each with its ``$states``."""
    machines = Deployed(variants.template("all-handlers")).state_machines()
    seen: dict[str, tuple[str, Scope]] = {}
    compiled = interpreter._compiled

    def recording(expression: str) -> Any:
        def evaluate(_: None, bindings: dict[str, Any]) -> Any:
            scope = bindings["states"]
            seen.setdefault(json.dumps([expression, scope]), (expression, copy.deepcopy(scope)))
            return compiled(expression).evaluate(None, bindings)

        return SimpleNamespace(evaluate=evaluate)

    monkeypatch.setattr(interpreter, "_compiled", recording)

    def work(component: str, times: int) -> tuple[float, str]:
        return (200.0, "DEFERRED" if times == 0 else "FINISHED") if component == "Long" else (5.0, component)

    world = World(
        {name: machines[f"{variants.STACK}-{name}"] for name in ("RunTask", "PollLoop-etl")},
        settings_of({}),
        work,
        down=(START + timedelta(minutes=7), START + timedelta(minutes=11)),
    )
    for number, name in enumerate(("FINISHED", "FAILED", "FALSE", "Long")):
        start(world, f"p{number}", shell(name))
        world.run(minutes=5)
    world.run(minutes=30)
    assert {run.status.partition(" ")[0] for run in world.run_tasks.values()} == {"SUCCEEDED"}
    return list(seen.values())


def answers(program: list[str | Path], question: dict[str, Any]) -> list[dict[str, Any]]:
    done = subprocess.run(
        program, input=json.dumps(question), cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def compare(given: Sequence[tuple[str, Scope]]) -> tuple[list[str], set[str]]:
    """The differences, and the expressions that had a value at least once."""
    question = {
        "expressions": (texts := sorted({text for text, _ in given})),
        "scopes": (scopes := list({id(scope): scope for _, scope in given}.values())),
        "pairs": [],
    }
    places = {id(scope): place for place, scope in enumerate(scopes)}
    question["pairs"] = [(texts.index(text), places[id(scope)]) for text, scope in given]
    with ThreadPoolExecutor() as both:
        reference, local = both.map(answers, PROGRAMS, [question, question])
    answered = list(zip(given, reference, local, strict=True))
    return (
        [
            f"{text}\n  of {scope}\n  reference: {expected}\n  local AWS: {actual}"
            for (text, scope), expected, actual in answered
            if expected.get("value", "error") != actual.get("value", "error")
        ],
        {text for (text, _), expected, _ in answered if "value" in expected},
    )


def test_both_give_the_same_for_whatever_comes() -> None:
    texts, given = expressions(), likely_and_odd(Random(1))  # noqa: S311
    different, with_a_value = compare([(text, scope) for text in texts for scope in given])
    assert different == []
    assert set(texts) == with_a_value


def test_both_give_the_same_for_what_tasks_bring(monkeypatch: pytest.MonkeyPatch) -> None:
    given = recorded(monkeypatch)
    assert len(given) > 200
    different, with_a_value = compare(given)
    assert different == []
    assert {text for text, _ in given} == with_a_value


def test_a_difference_is_found() -> None:
    """So that silence means something: only Step Functions has this function, the reference does not."""
    (different,), _ = compare([("$parse('1')", {"input": {}, "context": {}})])
    assert "local AWS: {'value': 1}" in different
