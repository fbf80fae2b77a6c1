"""The limit of a state's data on local AWS, and which catchers see that it is exceeded."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from local.ministack_hooks.size_limits import EXCEEDED, LIMIT_BYTES, SizeLimits


class ExecutionError(Exception):
    """As ministack raises it."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(cause)
        self.error = error


@pytest.fixture
def step_functions() -> Any:
    module = SimpleNamespace(
        _ExecutionError=ExecutionError,
        _add_event=lambda execution, event_type, details=None: event_type,
        _invoke_resource=lambda resource, input_data: resource,
        _error_matches=lambda error_equals, error: error in error_equals or "States.ALL" in error_equals,
    )
    SizeLimits(module)
    return module


def as_large_as(size: int, letter: str = "x") -> str:
    return letter * ((size - 2) // len(letter.encode()))


@pytest.mark.parametrize(
    ("event", "member", "data"),
    [
        ("TaskStateEntered", "stateEnteredEventDetails", "input"),
        ("TaskSucceeded", "taskSucceededEventDetails", "output"),
        ("TaskStateExited", "stateExitedEventDetails", "output"),
    ],
)
@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_data_may_have_256_kib_of_utf_8(
    step_functions: Any, event: str, member: str, data: str, letter: str
) -> None:
    fits = {member: {data: json.dumps(as_large_as(LIMIT_BYTES, letter))}}
    assert step_functions._add_event({}, event, fits) == event
    too_large = {member: {data: json.dumps(as_large_as(LIMIT_BYTES, letter) + letter)}}
    with pytest.raises(ExecutionError) as raised:
        step_functions._add_event({}, event, too_large)
    assert raised.value.error == EXCEEDED


def test_so_may_what_a_call_is_given(step_functions: Any) -> None:
    assert step_functions._invoke_resource("function", as_large_as(LIMIT_BYTES)) == "function"
    with pytest.raises(ExecutionError):
        step_functions._invoke_resource("function", as_large_as(LIMIT_BYTES) + "x")


def test_an_event_without_data_is_left_alone(step_functions: Any) -> None:
    assert step_functions._add_event({}, "ExecutionStarted") == "ExecutionStarted"


def test_only_a_catcher_that_names_it_sees_it(step_functions: Any) -> None:
    assert step_functions._error_matches([EXCEEDED], EXCEEDED)
    assert not step_functions._error_matches(["States.ALL"], EXCEEDED)
    assert not step_functions._error_matches(["States.ALL"], "States.Runtime")
    assert step_functions._error_matches(["States.ALL"], "Lambda.Unknown")
