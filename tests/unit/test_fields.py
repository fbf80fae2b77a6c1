"""Typed access to a pipeline object's fields."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runner.fields import FieldError, PipelineObject
from tests.unit.pipeline_objects import pipeline_object


def obj(*fields: tuple[str, str]) -> PipelineObject:
    return PipelineObject.from_api(pipeline_object("Load", *fields))


def test_strings_and_lists() -> None:
    load = obj(("a", "1"), ("list", "x"), ("list", "y"), ("empty", ""))
    assert load.string("a") == "1"
    assert load.string("empty") == ""
    assert load.string("absent", "default") == "default"
    assert load.strings("list") == ["x", "y"]
    assert load.strings("absent") == []


def test_references_keep_their_order() -> None:
    load = obj(("input", "ref:A"), ("input", "ref:B"))
    assert load.reference_ids("input") == ["A", "B"]
    assert "input" in load


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 Hours", timedelta(hours=2)),
        ("15 minutes", timedelta(minutes=15)),
        ("1 Day", timedelta(days=1)),
        ("3 weeks", timedelta(weeks=3)),
    ],
)
def test_durations(text: str, expected: timedelta) -> None:
    assert obj(("t", text)).duration("t") == expected


def test_booleans_integers_and_timestamps() -> None:
    load = obj(("b", "TRUE"), ("i", "42"), ("at", "2024-01-31T12:00:00"))
    assert load.boolean("b") is True
    assert load.boolean("absent", default=False) is False
    assert load.integer("i") == 42
    assert load.timestamp("at") == datetime(2024, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "read",
    [
        lambda o: o.string("absent"),
        lambda o: o.string("list"),
        lambda o: o.string("ref"),
        lambda o: o.boolean("word"),
        lambda o: o.integer("word"),
        lambda o: o.duration("word"),
        lambda o: o.duration("huge"),
        lambda o: o.timestamp("word"),
    ],
)
def test_what_is_wrong_names_the_object_and_the_field(read: Callable[[PipelineObject], Any]) -> None:
    fields = [("list", "1"), ("list", "2"), ("word", "soon"), ("ref", "ref:X"), ("huge", "9" * 30 + " weeks")]
    with pytest.raises(FieldError, match=r"Object 'Load', field '\w+': "):
        read(obj(*fields))


@pytest.mark.parametrize("junk", [None, 3, "x", [], {"fields": 3}, {"fields": [None, {}, {"key": 1}]}])
def test_junk_is_an_object_without_fields(junk: Any) -> None:
    assert PipelineObject.from_api(junk).string_fields == {}
