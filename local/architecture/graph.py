"""Reads state machines from a template, and places their states in columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_LITERAL = re.compile(r"= (['\"])(\w+)\1 %}$")
"""The end of a condition that compares with one value, which then is the edge's label."""


@dataclass(frozen=True)
class Edge:
    """What may follow a state."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True)
class Graph:
    """The states of a machine, in the columns in which they are drawn, and the ways between them."""

    columns: tuple[tuple[str, ...], ...]
    edges: tuple[Edge, ...]
    states: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> Graph:
        """The graph of a definition, without the ways of errors and the states that only these reach."""
        states = definition["States"]
        edges = {
            name: [edge for edge in _edges(name, state) if states[edge.target]["Type"] != "Fail"]
            for name, state in states.items()
        }
        depths = _depths(definition["StartAt"], edges)
        columns = tuple(
            tuple(name for name in states if depths.get(name) == depth)
            for depth in range(max(depths.values()) + 1)
        )
        return cls(columns, tuple(edge for name in depths for edge in edges[name]), states)

    def column(self, name: str) -> int:
        """The column of a state."""
        return next(number for number, names in enumerate(self.columns) if name in names)


def definitions(template: Mapping[str, Any]) -> dict[str, Any]:
    """The definition of each state machine of a synthesized template, by its name.

    References to resources are ``${reference}``.
    """
    return {
        resource["Properties"]["StateMachineName"]: json.loads(
            _text(resource["Properties"]["DefinitionString"])
        )
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::StepFunctions::StateMachine"
    }


def _text(value: Any) -> str:
    """A string of a template."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(map(_text, parts))
    return "${reference}"


def _edges(name: str, state: Mapping[str, Any]) -> Iterator[Edge]:
    if "Next" in state:
        yield Edge(name, state["Next"])
    for choice in state.get("Choices", ()):
        found = _LITERAL.search(choice.get("Condition", ""))
        yield Edge(name, choice["Next"], found[2] if found else "")
    if "Default" in state:
        yield Edge(name, state["Default"])


def _depths(start: str, edges: Mapping[str, list[Edge]]) -> dict[str, int]:
    """The length of the longest way to each state that can be reached, ways back left out."""
    depths = {start: 0}

    def follow(name: str, before: tuple[str, ...]) -> None:
        for edge in edges[name]:
            if edge.target not in before and depths.get(edge.target, -1) <= depths[name]:
                depths[edge.target] = depths[name] + 1
                follow(edge.target, (*before, edge.target))

    follow(start, (start,))
    return depths
