"""Which handler a route has is never in doubt."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import aws_cdk as cdk
import pytest

from infra.configuration_error import ConfigurationError
from infra.handlers import exists, shell_command
from infra.repeated_keys import RepeatedKey, repeated_keys
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


DISPLAY = """
stack(handlers={
    "A": 1,
    "B": 2,
    "A": 3,
})
"""
NAMED = """
handlers: dict = {"A": 1,
  "A": 2}
other = {"B": 1, "B": 2}
def main():
    package.TaskRunnerStack(app, "x", handlers=handlers)
"""
THREE = 'f(handlers={"A": 1, "A": 2,\n"A": 3})'
DISTINCT = 'f(handlers={"A": {"A": 1}, **more, "B": 1, name: 1, name: 2}, others={"A": 1, "A": 2})'


@pytest.mark.parametrize(
    ("source", "repeated"),
    [
        (DISPLAY, [RepeatedKey("A", 3, 5)]),
        (NAMED, [RepeatedKey("A", 2, 3)]),
        (THREE, [RepeatedKey("A", 1, 1), RepeatedKey("A", 1, 2)]),
        (DISTINCT, []),
        ("f(handlers=h)\nh: dict\n", []),
        ("f(handlers=[('A', 1), ('A', 2)])", []),
        ("f(handlers={'A': 1, 'A': 2}", []),
        ("\0", []),
        ("", []),
    ],
)
def test_repeated_keys_are_found_in_the_source(source: str, repeated: list[RepeatedKey]) -> None:
    assert repeated_keys(source, "handlers") == repeated


def test_two_equal_keys_in_the_file_that_makes_the_stack_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "stacks.py"
    file.write_text(
        "from infra.handlers import exists\n"
        "from infra.stack import TaskRunnerStack\n"
        "from infra.worker_group import WorkerGroup\n"
        "class Mine(TaskRunnerStack):\n"
        "    def __init__(self, scope):\n"
        "        super().__init__(scope, 'Mine', worker_groups=[WorkerGroup('etl')], handlers={\n"
        "            'Exists': exists(),\n"
        "            'Exists': exists(),\n"
        "        })\n"
    )
    spec = importlib.util.spec_from_file_location("stacks", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(ConfigurationError) as refused:
        module.Mine(cdk.App())
    assert str(refused.value) == f"'Exists' has two handlers, in {file}, lines 7 and 8: remove one of them."
