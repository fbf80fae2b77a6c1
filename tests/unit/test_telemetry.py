"""Metric lines, and the documentation of log messages."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

import pytest

from local.launch import ROOT
from runner import telemetry
from tests.log_table import PAGE, common_fields, documented

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def logged() -> Iterator[tuple[str, str, set[str]]]:
    """(event, level, fields) of each logger call with a literal message in lambdas/."""
    for file in sorted((ROOT / "lambdas").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr not in LEVELS or "logger" not in ast.unparse(node.func.value):
                continue
            if isinstance(node.args[0], ast.Constant):
                fields = {keyword.arg for keyword in node.keywords if keyword.arg}
                yield str(node.args[0].value), node.func.attr.upper(), fields


def test_every_event_is_documented_and_no_other() -> None:
    assert {(event, level) for event, level, _ in logged()} == set(documented())


def test_the_fields_of_an_event_are_documented() -> None:
    table = documented()
    for event, level, fields in logged():
        assert fields <= table[event, level], event


def test_queries_ask_for_documented_events_and_fields() -> None:
    fields = set().union(*documented().values()) | common_fields()
    events = {event for event, _ in documented()}
    queries = sorted((ROOT / "docs" / "queries").glob("*.txt"))
    assert queries
    for query in queries:
        text = query.read_text()
        assert f"queries/{query.name}" in PAGE
        assert set(re.findall(r'"([A-Z][a-z]+ [^"]+)"', text)) <= events, query
        assert _fields_of(text) <= fields, query


def _fields_of(query: str) -> set[str]:
    without_texts = re.sub(r'"[^"]*"|/[^/]*/', "", query)
    defined = set(re.findall(r"\bas (\w+)", without_texts))
    words = set(re.findall(r"(?<![@\w])([a-z]\w*)\b(?!\()", without_texts))
    return (
        words
        - defined
        - {"filter", "stats", "sort", "fields", "limit", "by", "as", "and", "in", "like"}
        - {
            "asc",
            "desc",
        }
    )


def test_what_only_the_dashboard_shows_is_not_counted_without_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DASHBOARD", raising=False)
    telemetry.emit_for_dashboard({"TaskDuration": 1}, Type="Exists")
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("DASHBOARD", "1")
    telemetry.emit_for_dashboard({"TaskDuration": 1}, unit="Seconds", Type="Exists")
    line = json.loads(capsys.readouterr().out)
    assert (line["TaskDuration"], line["Type"]) == ([1.0], "Exists")


def test_a_dimension_is_short_and_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.emit({"Polls": 1}, WorkerGroup=" Zürich" + "x" * 300)
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert line["WorkerGroup"].startswith("Z\\xfcrich")
    assert len(line["WorkerGroup"]) == 255
