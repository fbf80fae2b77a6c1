"""Reads state machine definitions from a template."""

from __future__ import annotations

from typing import Any

from aws_cdk.assertions import Template

from local.architecture import graph


def definitions(template: Template) -> dict[str, dict[str, Any]]:
    """Each state machine's definition by its name, with references to resources as ``${…}``."""
    return graph.definitions(template.to_json())
