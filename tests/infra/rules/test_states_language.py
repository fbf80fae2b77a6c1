"""asl-validator finds no error in any state machine's definition."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.infra.rules import variants
from tests.infra.rules.deployed import Deployed

_SCRIPT = Path(__file__).with_name("states_language.mjs")
_LONGEST_NAME = 80
"""The most characters of a state's name (States Language)."""
_LONGEST_DEFINITION = 1_048_576
"""The most bytes of a definition (Step Functions quotas)."""

Machine = dict[str, Any]


@pytest.fixture(scope="module")
def machines() -> dict[str, Machine]:
    """All state machines of all variants."""
    return {
        f"{name} of {variant}": machine
        for variant in variants.NAMES
        for name, machine in Deployed(variants.template(variant)).state_machines().items()
    }


def errors(machines: Mapping[str, Machine]) -> dict[str, list[str]]:
    given = json.dumps({name: with_plain_names(machine) for name, machine in machines.items()})
    done = subprocess.run(
        ["node", _SCRIPT], input=given, capture_output=True, text=True, timeout=60, check=True
    )
    found: dict[str, list[str]] = json.loads(done.stdout)
    return {name: texts for name, texts in found.items() if texts}


def with_plain_names(machine: Machine) -> Machine:
    """The same machine, whose states cannot be taken for fields.

    The validator finds states and targets by the fields' names wherever they are, and so takes a state
    called `Next` for a target.
    """
    renamed = copy.deepcopy(machine)
    renamed["StartAt"] = _plain(renamed["StartAt"])
    renamed["States"] = {_plain(name): state for name, state in renamed["States"].items()}
    for state in renamed["States"].values():
        for part in (state, *state.get("Choices", []), *state.get("Catch", [])):
            for field in ("Next", "Default"):
                if field in part:
                    part[field] = _plain(part[field])
    return renamed


def _plain(name: str) -> str:
    return f"state {name}"


def test_no_definition_has_an_error(machines: dict[str, Machine]) -> None:
    assert len(machines) == 2 + 3 + 3 + 3
    assert errors(machines) == {}


def test_names_and_definitions_keep_to_the_limits(machines: dict[str, Machine]) -> None:
    for machine in machines.values():
        assert max(len(name) for name in machine["States"]) <= _LONGEST_NAME
        assert len(json.dumps(machine)) <= _LONGEST_DEFINITION


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Next", "Nowhere"),
        ("Arguments", "{% $states.input. %}"),
        ("Resource", "not an arn"),
        ("Retry", [{"ErrorEquals": "States.ALL"}]),
        ("Catch", [{"ErrorEquals": ["States.ALL"], "Next": "Nowhere"}]),
    ],
)
def test_an_error_is_found(machines: dict[str, Machine], field: str, value: Any) -> None:
    """So that silence means something."""
    broken = copy.deepcopy(machines["TaskRunner-RunTask of all-handlers"])
    broken["States"]["ReportProgress"][field] = value
    assert errors({"broken": broken})
