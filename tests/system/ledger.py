"""Records which statements of which roles some test has needed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from local.permissions.decisions import DIRECTORY, read
from tests.system.deployments import STACK, Deployment

Right = tuple[str, str]
"""(the logical id of a role, or a pattern for several; an action)"""


@dataclass(frozen=True)
class Ledger:
    """What the stack's roles may do, and what they have done."""

    granted: frozenset[Right]
    used: frozenset[Right]
    denied: frozenset[tuple[str, str]]
    """(the logical id of a role, the message)"""
    services: frozenset[Right]
    """(the principal of a service, what resource policies have let it do)"""

    @classmethod
    def of(cls, directory: Path, pid: int | None = None) -> Ledger:
        """Read the records of all local AWS, or of one, whose stack's roles were written to a directory."""
        roles: dict[str, str] = {}
        decisions = []
        name = "*" if pid is None else str(pid)
        for file in directory.glob(f"{name}.roles.json"):
            roles |= json.loads(file.read_text())
            decisions += read(directory, file.name.removesuffix(".roles.json"))
        ours = [decision for decision in decisions if decision["principal"] in roles]

        def rights(decision: str) -> Iterator[Right]:
            for entry in ours:
                if entry["decision"] == decision:
                    for action in entry["statement"]["actions"]:
                        yield roles[entry["principal"]], action

        used = {
            (roles[decision["principal"]], decision["action"])
            for decision in ours
            if decision["decision"] == "allowed"
        }
        denied = {
            (roles[decision["principal"]], decision["message"])
            for decision in ours
            if decision["decision"] == "denied"
        }
        services = {
            (decision["principal"], decision["action"])
            for decision in decisions
            if decision["decision"] == "allowed" and decision["principal"].endswith(".amazonaws.com")
        }
        return cls(frozenset(rights("granted")), frozenset(used), frozenset(denied), frozenset(services))

    def was_used(self, right: Right) -> bool:
        """Whether a role that matches this pattern has needed the action, which may contain wildcards."""
        return any(matches(right, use) for use in self.used)


def matches(pattern: Right, right: Right) -> bool:
    """IAM ignores the case of actions."""
    role, action = pattern
    return fnmatchcase(right[0], role) and fnmatchcase(right[1].lower(), action.lower())


def keep_roles(deployment: Deployment) -> None:
    """Write the logical ids of the stack's roles, by name, beside the record, if there is one."""
    directory = os.environ.get(DIRECTORY)
    if directory:
        pages = deployment.cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
        roles = {
            resource["PhysicalResourceId"]: resource["LogicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == "AWS::IAM::Role"
        }
        file = Path(directory) / f"{deployment.pid}.roles.json"
        # The id may be that of a process that has ended.
        before = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps(before | roles))
