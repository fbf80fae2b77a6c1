"""Parses the JSONata expressions of state machines once, and evaluates them in isolation."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import Any


class ParsedOnce:
    """A jsonata-python parser that caches its results: evaluation does not change the tree.

    ministack parses an expression before every evaluation, which takes several times as long as the
    evaluation.
    """

    def __init__(self, jsonata: Any) -> None:
        """Replaces the parser that ``jsonata.Jsonata.get_parser`` makes for each thread."""
        new_parser = jsonata.Jsonata.get_parser

        @functools.lru_cache(maxsize=4096)
        def parse(expression: str, regex_engine: Any) -> Any:
            return new_parser().parse(expression, regex_engine)

        self.parse = parse
        self.dbg = False
        jsonata.Jsonata.get_parser = staticmethod(lambda: self)


def write_all_characters() -> None:
    """Make ``$string`` write non-ASCII characters as they are, as JavaScript does (JSON.stringify)."""
    functions: Any = importlib.import_module("jsonata.functions").Functions
    encoder = functions.Encoder

    class Encoder(encoder):  # type: ignore[misc, valid-type]
        def __init__(self, **settings: Any) -> None:
            super().__init__(**{**settings, "ensure_ascii": False})

    functions.Encoder = Encoder


class EvaluationError(Exception):
    """An expression has no value: States.QueryEvaluationError."""


def evaluate(expression: str, states: Mapping[str, Any]) -> Any:
    """Evaluate an expression with ministack's Step Functions. ``$states`` is as it is there.

    Raises EvaluationError.
    """
    step_functions: Any = importlib.import_module("ministack.services.stepfunctions")
    try:
        return step_functions._evaluate_jsonata(
            expression,
            states["input"],
            states["context"],
            states.get("result"),
            states.get("errorOutput"),
        )
    except step_functions._ExecutionError as error:
        raise EvaluationError(error.cause) from error
