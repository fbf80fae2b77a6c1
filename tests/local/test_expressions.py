"""Expressions are parsed once, but behave as if they were parsed each time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jsonata
import pytest

from local.ministack_hooks.expressions import ParsedOnce

EXPRESSION = "{'task': $states.input.taskId, 'late': $exists($states.input.late) ? 1 : 0}"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The expressions that were parsed."""
    seen: list[str] = []
    original = jsonata.parser.Parser.parse

    def parse(self: Any, expression: str, regex_engine: Any) -> Any:
        seen.append(expression)
        return original(self, expression, regex_engine)

    monkeypatch.setattr(jsonata.Jsonata, "get_parser", jsonata.Jsonata.get_parser)
    monkeypatch.setattr(jsonata.parser.Parser, "parse", parse)
    ParsedOnce(jsonata)
    return seen


def evaluate(task: dict[str, str]) -> Any:
    return jsonata.Jsonata.jsonata(EXPRESSION, timeout=1000).evaluate(None, {"states": {"input": task}})


def test_each_evaluation_has_its_own_bindings(parsed: list[str]) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(evaluate, [{"taskId": str(number)} for number in range(100)]))
    assert found == [{"task": str(number), "late": 0} for number in range(100)]
    assert evaluate({"taskId": "x", "late": "y"}) == {"task": "x", "late": 1}
    assert 1 <= parsed.count(EXPRESSION) <= 8  # Threads that start at the same time may all parse it.


def test_an_expression_that_is_none_is_refused_each_time(parsed: list[str]) -> None:
    for _ in range(2):
        with pytest.raises(jsonata.jexception.JException):
            jsonata.Jsonata.jsonata("$a +")
    assert parsed == ["$a +"] * 2
