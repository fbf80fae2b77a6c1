"""A definition as it was read, with where it came from and what could not be read in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from local.datapipeline.definition import Definition

UNKNOWN = "value-of-"
"""How a value begins that only a deployment knows, such as a template's parameter without a default."""


class UnreadableError(Exception):
    """A file holds no definition. The message says what was found instead, in one line."""


@dataclass(frozen=True)
class Problem:
    """Something in a definition that AWS's own tools or service would refuse."""

    object_id: str
    field: str
    message: str


@dataclass(frozen=True)
class Variant:
    """The definition under other conditions of a template."""

    condition: str
    """Such as ``if the condition 'Prod' does not hold``."""
    definition: Definition


@dataclass(frozen=True)
class Source:
    """One pipeline's definition."""

    name: str
    definition: Definition
    problems: tuple[Problem, ...] = ()
    is_live: bool = False
    """Whether the service itself holds this definition, and so has accepted it."""
    unknown: dict[str, str] = field(default_factory=dict)
    """By the text that stands for it: what a value is that only a deployment knows."""
    variants: tuple[Variant, ...] = ()
    """What may be deployed instead."""


def stand_in(name: str) -> str:
    """The text for an unknown value: possible in a bucket's name, and in a path."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name)
    return UNKNOWN + (re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "something")
