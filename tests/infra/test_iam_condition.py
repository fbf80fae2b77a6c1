"""The condition on a worker group's name holds for that name, whatever characters it contains."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra.iam_condition import equals
from infra.worker_group import WorkerGroup
from tests.infra.conftest import synthesize
from tests.infra.policies import statements

KEY = "datapipeline:workerGroup"


def holds(condition: dict[str, dict[str, str]], value: str) -> bool:
    """Evaluate as IAM does: variables first, then wildcards if the operator has them."""
    ((operator, pairs),) = condition.items()
    ((key, pattern),) = pairs.items()
    assert key == KEY
    wildcards = {"?": ".", "*": ".*"} if operator == "StringLike" else {}
    parts = re.findall(r"\$\{([^}]*)\}|(.)", pattern, re.DOTALL)
    # A variable that IAM does not know has no value, so the condition does not hold.
    if any(variable and variable not in "*?$" for variable, _ in parts):
        return False
    expression = "".join(
        re.escape(variable or character) if variable or character not in wildcards else wildcards[character]
        for variable, character in parts
    )
    return re.fullmatch(expression, value, re.DOTALL) is not None


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("etl", {"StringEquals": {KEY: "etl"}}),
        ("naïve * ? $5", {"StringEquals": {KEY: "naïve * ? $5"}}),
        ("a${b}c", {"StringEquals": {KEY: "a${$}{b}c"}}),
        ("夜間-load", {"StringLike": {KEY: "??-load"}}),
        ("夜*?${aws:username}", {"StringLike": {KEY: "?${*}${?}${$}{aws:username}"}}),
        ("𝒳1", {"StringLike": {KEY: "*1"}}),
    ],
)
def test_what_the_condition_is(name: str, condition: dict[str, dict[str, str]]) -> None:
    assert equals(KEY, name) == condition
    (statement,) = [
        statement
        for statement in statements(synthesize([WorkerGroup(name)]), "PollLoop")
        if statement["Action"] == "datapipeline:PollForTask"
    ]
    assert statement["Condition"] == condition


@given(st.text(min_size=1), st.text())
def test_it_holds_for_the_name_and_for_no_other_of_latin_1(name: str, other: str) -> None:
    condition = equals(KEY, name)
    assert holds(condition, name)
    assert re.fullmatch("[\t\n\r\u0020-\u00ff]*", json.loads(json.dumps(condition[min(condition)][KEY])))
    if other != name and name.isascii() and name.isprintable():
        assert not holds(condition, other)


PIECES = st.lists(st.sampled_from(["a", "b", "${", "}", "$", "*", "?", "夜"]), max_size=5).map("".join)


@example("a${b}", "a")
@example("夜*", "ab")
@example("a${b}", "a")
@example("夜*", "ab")
@given(PIECES, PIECES)
def test_only_what_a_policy_cannot_hold_may_differ(name: str, other: str) -> None:
    assert holds(equals(KEY, name), name)
    if holds(equals(KEY, name), other):
        assert len(name) == len(other)
        assert all(one == two or one == "夜" for one, two in zip(name, other, strict=True))
