"""Replaces variables in policies, which ministack's evaluator compares literally.

Source: IAM user guide, "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

_VARIABLE = re.compile(r"\$\{([^,}]+)(?:,\s*'([^']*)')?\}")
_ABSENT = "\0"
"""Occurs in no request: a statement with a variable that has no value matches nothing."""

ValueOf = Callable[[str], object]
"""(condition key) -> its value in the request, or None."""


def with_values(statements: Sequence[Any], value_of: ValueOf) -> list[Any]:
    """Parsed statements with the request's values for the variables in resources and conditions."""
    return [
        _with_values(statement, value_of) if _has_variables(statement) else statement
        for statement in statements
    ]


def _has_variables(statement: Any) -> bool:
    resources = (*statement.resources, *statement.not_resources)
    return any("${" in resource for resource in resources) or "${" in str(statement.conditions)


def _with_values(statement: Any, value_of: ValueOf) -> Any:
    def text(value: object, *, has_wildcards: bool) -> str:
        return _VARIABLE.sub(
            lambda found: _value(found[1].strip(), found[2], value_of, has_wildcards=has_wildcards),
            str(value),
        )

    def expected(values: object, operator: str) -> object:
        has_wildcards = "like" in operator.lower() or "arn" in operator.lower()
        listed = values if isinstance(values, list) else [values]
        return [text(value, has_wildcards=has_wildcards) for value in listed]

    return replace(
        statement,
        resources=[text(resource, has_wildcards=True) for resource in statement.resources],
        not_resources=[text(resource, has_wildcards=True) for resource in statement.not_resources],
        conditions={
            operator: {key: expected(values, operator) for key, values in pairs.items()}
            for operator, pairs in statement.conditions.items()
        },
    )


def _value(name: str, default: str | None, value_of: ValueOf, *, has_wildcards: bool) -> str:
    if name in ("$", "?", "*"):
        # The evaluator has no escaped wildcard. Any one character comes closest to a literal one.
        return "?" if name == "*" and has_wildcards else name
    value = value_of(name)
    if isinstance(value, str):
        return value
    return _ABSENT if default is None else default
