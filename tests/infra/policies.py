"""What the roles of a template may do."""

from __future__ import annotations

from typing import Any

from aws_cdk.assertions import Template


def statements(template: Template, owner: str) -> list[dict[str, Any]]:
    """All policy statements of the roles of a function or state machine, by its logical id's beginning."""
    found = []
    for policy in template.find_resources("AWS::IAM::Policy").values():
        roles = [role["Ref"] for role in policy["Properties"]["Roles"]]
        if any(role.startswith(owner) for role in roles):
            found += policy["Properties"]["PolicyDocument"]["Statement"]
    return found


def actions(found: list[dict[str, Any]]) -> set[str]:
    listed = [one["Action"] if isinstance(one["Action"], list) else [one["Action"]] for one in found]
    return {action for group in listed for action in group}
