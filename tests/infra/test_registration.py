"""Each route has exactly one handler."""

from __future__ import annotations

import pytest

from infra.configuration_error import ConfigurationError
from infra.handlers import exists, shell_command
from infra.worker_group import WorkerGroup
from tests.infra.conftest import synthesize
from tests.infra.state_machines import definitions


def test_pairs_are_as_good_as_a_mapping() -> None:
    assert (
        synthesize(handlers=[("It", exists())]).to_json() == synthesize(handlers={"It": exists()}).to_json()
    )


def test_two_pairs_for_one_type_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="'Exists' has two handlers"):
        synthesize(handlers=[("Exists", exists()), ("It", exists()), ("Exists", shell_command())])


def test_without_a_handler_nothing_can_run() -> None:
    with pytest.raises(ConfigurationError, match="At least one handler"):
        synthesize(handlers={})


@pytest.mark.parametrize("route", ["", "x" * 81, "tab\t", "Route", "SetTaskStatus"])
def test_what_cannot_be_a_states_name_is_refused(route: str) -> None:
    with pytest.raises(ConfigurationError, match="1 to 80 printable characters"):
        synthesize(handlers={route: exists()})


@pytest.mark.parametrize("route", ["Logs", "StateMachine", "a/b", "ä ö", "x" * 80])
def test_any_other_text_is_a_states_name(route: str) -> None:
    states = definitions(synthesize(handlers={route: exists(), "a--b": exists()}))["TaskRunner-RunTask"][
        "States"
    ]
    assert states[route]["Resource"].endswith(":states:::lambda:invoke")


@pytest.mark.parametrize(
    ("route", "other", "group"),
    [("a/b", "a-b-c14cdd", "etl"), ("poll-etl", "other", "etl"), ("poll-e-tl-72e2db", "other", "e/tl")],
)
def test_two_names_that_would_be_one_on_aws_are_refused(route: str, other: str, group: str) -> None:
    with pytest.raises(ConfigurationError, match="rename one of them"):
        synthesize([WorkerGroup(group)], {route: exists(), other: exists()})
