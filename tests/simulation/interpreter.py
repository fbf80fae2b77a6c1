"""Step Functions for the state machines of this stack, as generators: what they wait for is yielded.

Task, Choice, Wait, Succeed and Fail in JSONata, with Retry and Catch (States Language specification).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from functools import cache
from random import Random
from typing import Any

import jsonata

Process = Generator[Any, Any, Any]
Call = Callable[[dict[str, Any], Any], Process]
"""(context, arguments) -> result. Raises StateError."""


class StateError(Exception):
    """An error by its name, as Retry and Catch match it."""

    def __init__(self, name: str, cause: str = "") -> None:
        super().__init__(name)
        self.name = name
        self.cause = cause


def execute(
    definition: Mapping[str, Any],
    context: dict[str, Any],
    calls: Callable[[str], Call],
    random: Random,
    entered: Callable[[str], None],
) -> Process:
    """Run to the end. ``calls`` gives each Task state's call by the state's name; Fail raises StateError."""
    name: str | None = definition["StartAt"]
    value = context["Execution"]["Input"]
    while name is not None:
        state = definition["States"][name]
        entered(name)
        scope = {"input": value, "context": context}
        kind = state["Type"]
        if kind == "Task":
            value, name = yield from _task(state, name, scope, calls(name), random)
        elif kind == "Choice":
            value, name = _choose(state, scope)
        elif kind == "Wait":
            yield float(evaluate(state["Seconds"], scope))
            value, name = _output(state, scope, value), state["Next"]
        elif kind == "Succeed":
            return _output(state, scope, value)
        else:
            raise StateError(state["Error"], str(evaluate(state["Cause"], scope)))
    return value


def _task(
    state: dict[str, Any], name: str, scope: dict[str, Any], call: Call, random: Random
) -> Generator[Any, Any, tuple[Any, str | None]]:
    tries: dict[int, int] = {}
    while True:
        try:
            result = yield from call(scope["context"], evaluate(state.get("Arguments"), scope))
            scope = {**scope, "result": result}
            return _output(state, scope, result), state.get("Next")
        except StateError as error:
            delay = _retry(state, error, tries, random)
            if delay is not None:
                yield delay
                continue
            for catcher in state.get("Catch", []):
                if _matches(catcher, error):
                    said = {"Error": error.name, "Cause": error.cause}
                    caught = {**scope, "errorOutput": said}
                    return _output(catcher, caught, said), catcher["Next"]
            raise


def _retry(state: dict[str, Any], error: StateError, tries: dict[int, int], random: Random) -> float | None:
    for number, retrier in enumerate(state.get("Retry", [])):
        if _matches(retrier, error):
            done = tries.get(number, 0)
            if done >= retrier.get("MaxAttempts", 3):
                return None
            tries[number] = done + 1
            delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** done
            delay = min(delay, retrier.get("MaxDelaySeconds", delay))
            return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else float(delay)
    return None


def _matches(rule: dict[str, Any], error: StateError) -> bool:
    return bool({error.name, "States.ALL"} & set(rule["ErrorEquals"]))


def _choose(state: dict[str, Any], scope: dict[str, Any]) -> tuple[Any, str]:
    for choice in state["Choices"]:
        if evaluate(choice["Condition"], scope):
            return _output(choice, scope, scope["input"]), choice["Next"]
    return _output(state, scope, scope["input"]), state["Default"]


def _output(rule: dict[str, Any], scope: dict[str, Any], default: Any) -> Any:
    return evaluate(rule["Output"], scope) if "Output" in rule else default


def evaluate(value: Any, scope: dict[str, Any]) -> Any:
    """``value`` with each JSONata expression in it evaluated."""
    if isinstance(value, dict):
        return {key: evaluate(member, scope) for key, member in value.items()}
    if isinstance(value, list):
        return [evaluate(element, scope) for element in value]
    match = re.fullmatch(r"\{%\s*(.*?)\s*%\}", value, re.DOTALL) if isinstance(value, str) else None
    return _compiled(match[1]).evaluate(None, {"states": scope}) if match else value


@cache
def _compiled(expression: str) -> Any:
    return jsonata.Jsonata(expression)
