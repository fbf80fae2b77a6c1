"""Reads state machine definitions from a template."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk.assertions import Template


def definitions(template: Template) -> dict[str, dict[str, Any]]:
    """Each state machine's definition by its name, with references to resources as ``${…}``."""
    found = {}
    for resource in template.find_resources("AWS::StepFunctions::StateMachine").values():
        properties = resource["Properties"]
        found[properties["StateMachineName"]] = json.loads(_text(properties["DefinitionString"]))
    return found


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(_text(part) for part in parts)
    return "${reference}"
