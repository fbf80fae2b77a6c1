"""Evaluates JSONata as local AWS does, with the same input and output as jsonata.mjs.

Runs as a separate process, because ministack keeps the environment in which it is first imported.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import jsonata

from local.ministack_hooks.expressions import EvaluationError, ParsedOnce, evaluate, write_all_characters


def answer(expression: str, states: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"value": evaluate(expression, states)}
    except EvaluationError as error:
        return {"error": str(error)}


def main() -> None:
    ParsedOnce(jsonata)
    write_all_characters()
    question = json.load(sys.stdin)
    expressions, scopes = question["expressions"], question["scopes"]
    json.dump([answer(expressions[one], scopes[other]) for one, other in question["pairs"]], sys.stdout)


if __name__ == "__main__":
    main()
