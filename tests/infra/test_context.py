"""What cdk.json and the command line give is checked, and said what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from infra.context import Context
from infra.handlers import PythonHandler, exists, shell_command
from infra.worker_group import ConfigurationError, WorkerGroup
from tests.infra.conftest import synthesize


def context(value: Any) -> Context:
    return Context({"key": value}.get)


@pytest.mark.parametrize(("value", "number"), [("10", 10), (10, 10), (0, 0), ("0", 0), (" -3 ", -3)])
def test_a_whole_number(value: Any, number: int) -> None:
    assert context(value).whole("key") == number


@pytest.mark.parametrize("value", [None, "", " "])
def test_what_is_not_given_is_the_default(value: Any) -> None:
    assert context(value).whole("key") is None
    assert context(value).whole("key", 5) == 5
    assert context(value).number("key", 1.5) == 1.5
    assert context(value).flag("key") is False


@pytest.mark.parametrize("value", ["abc", "1.5", "٣", True, [1], "1 0"])
def test_what_is_no_whole_number_is_refused_by_its_key(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"context value key is .* whole number"):
        context(value).whole("key", 5)


@pytest.mark.parametrize("value", ["abc", "0", -1, "nan", "inf"])
def test_what_is_no_number_above_0_is_refused(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"context value key is .* above 0"):
        context(value).number("key", 1)
    assert context("2.5").number("key", 1) == 2.5


@pytest.mark.parametrize(("value", "flag"), [("true", True), (True, True), ("False", False), (False, False)])
def test_a_flag(value: Any, flag: bool) -> None:
    assert context(value).flag("key") is flag


@pytest.mark.parametrize("value", ["yes", "1", "on"])
def test_what_is_neither_true_nor_false_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="true or false"):
        context(value).flag("key")


@pytest.mark.parametrize("given", [exists, shell_command, PythonHandler])
def test_a_handler_without_parentheses_is_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"'Exists' is not called: write {given.__name__}\("):
        synthesize(handlers={"Exists": given})


@pytest.mark.parametrize("given", ["arn:aws:lambda:eu-west-1:111122223333:function:f", None, {}])
def test_what_is_no_handler_is_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"no handler for 'Exists'.*existing_function"):
        synthesize(handlers={"Exists": given})


@pytest.mark.parametrize("address", ["you.example.com", "you@", "@example.com", "a b@example.com", "a@b@c"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"alarm_email is .*such as you@example.com"):
        synthesize(alarm_email=address)


@pytest.mark.parametrize(
    "settings",
    [
        {"max_concurrent_tasks": 0},
        {"max_concurrent_tasks": "4"},
        {"poll_timeout": "10"},
        {"poll_timeout": None},
        {"poll_timeout": 10.5},
        {"idle_alarm_hours": "day"},
    ],
)
def test_a_worker_groups_setting_is_refused_by_its_name(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"'etl': {next(iter(settings))} is "):
        WorkerGroup("etl", **settings)


@pytest.mark.parametrize("given", [["etl"], "etl", [None]])
def test_what_is_no_worker_group_is_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"such as \[WorkerGroup\('etl'\)\]"):
        synthesize(given)
