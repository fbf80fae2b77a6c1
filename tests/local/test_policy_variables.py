"""Variables in parsed statements, as IAM replaces them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from local.ministack_hooks.policy_variables import with_values


@dataclass
class Statement:
    """The members of ministack's parsed statements."""

    resources: list[str] = field(default_factory=list)
    not_resources: list[str] = field(default_factory=list)
    conditions: dict[str, Any] = field(default_factory=dict)


VALUES = {"aws:userid": "AROA:session", "aws:PrincipalTag/team": "sales"}


@pytest.mark.parametrize(
    ("written", "replaced"),
    [
        ("arn:aws:s3:::homes/${aws:userid}/*", "arn:aws:s3:::homes/AROA:session/*"),
        ("${aws:PrincipalTag/team}/${aws:PrincipalTag/team}", "sales/sales"),
        ("${aws:PrincipalTag/none, 'nobody'}", "nobody"),
        ("${ aws:userid }", "AROA:session"),
        ("${$}{aws:userid}", "${aws:userid}"),
        ("nothing", "nothing"),
    ],
)
def test_a_variable_has_the_requests_value(written: str, replaced: str) -> None:
    (found,) = with_values([Statement(resources=[written])], VALUES.get)
    assert found.resources == [replaced]
    condition = {"StringEquals": {"key": written, "other": [written, "x"]}}
    (found,) = with_values([Statement(conditions=condition)], VALUES.get)
    values = found.conditions["StringEquals"]
    assert (values["key"], values["other"]) in (
        ([replaced], [replaced, "x"]),
        (replaced, [replaced, "x"]),
    )


def test_a_variable_without_a_value_matches_nothing() -> None:
    (found,) = with_values([Statement(resources=["a/${aws:username}"])], VALUES.get)
    assert "\0" in found.resources[0]


@pytest.mark.parametrize(
    ("operator", "replaced"), [("StringEquals", "a*b?c$d"), ("StringLike", "a?b?c$d"), ("ArnLike", "a?b?c$d")]
)
def test_escaped_wildcards_are_not_wildcards_for_any_text(operator: str, replaced: str) -> None:
    written = {operator: {"key": "a${*}b${?}c${$}d"}}
    (found,) = with_values([Statement(conditions=written)], VALUES.get)
    assert found.conditions[operator]["key"] == [replaced]
