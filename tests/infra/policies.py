"""The policy statements of a template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from aws_cdk.assertions import Template


def statements(template: Template, owner: str) -> list[dict[str, Any]]:
    """All policy statements of the roles of the functions and state machines with this logical id prefix."""
    found = []
    for policy in template.find_resources("AWS::IAM::Policy").values():
        roles = [role["Ref"] for role in policy["Properties"]["Roles"]]
        if any(role.startswith(owner) for role in roles):
            found += policy["Properties"]["PolicyDocument"]["Statement"]
    return found


def actions(found: list[dict[str, Any]]) -> set[str]:
    listed = [
        statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        for statement in found
    ]
    return {action for group in listed for action in group}


def role_statements(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each statement of each role: (the role's logical id, statement)."""
    for policy in template.find_resources("AWS::IAM::Policy").values():
        for role in policy["Properties"]["Roles"]:
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                yield role["Ref"], statement
    for name, role in template.find_resources("AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def resources(statement: dict[str, Any]) -> list[str]:
    """A statement's resources, with references as ``<logical id>`` and ``<logical id.attribute>``."""
    found = statement["Resource"]
    return [text(part) for part in (found if isinstance(found, list) else [found])]


def conditions(statement: dict[str, Any]) -> str:
    """A statement's conditions as ``key=value``."""
    values = [pair for group in statement.get("Condition", {}).values() for pair in group.items()]
    return " ".join(f"{key}={text(value)}" for key, value in values)


def text(value: Any) -> str:
    """A template value as text, with references as ``<logical id>``."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " ".join(text(part) for part in value)
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(text(part) for part in parts)
    if "Fn::Sub" in value:
        return re.sub(r"\$\{(.*?)\}", r"<\1>", value["Fn::Sub"])
    if "Fn::GetAtt" in value:
        return f"<{'.'.join(value['Fn::GetAtt'])}>"
    return f"<{value['Ref']}>"
