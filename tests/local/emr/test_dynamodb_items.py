"""Items of DynamoDB in local Hive: the types that EMR's connector has, and no others."""

from __future__ import annotations

import pytest

from local.emr import dynamodb_items


@pytest.mark.parametrize("kind", ["INT", "SMALLINT", "FLOAT", "DECIMAL(10,2)", "DATE", "VARCHAR(5)"])
def test_what_the_connector_refuses_is_refused(kind: str) -> None:
    problem = dynamodb_items.refusal("a", kind, {})
    assert problem == f"The hive type {kind.lower()} is not supported in DynamoDB"


def test_a_key_has_the_type_of_its_column() -> None:
    assert dynamodb_items.refusal("id", "BIGINT", {"id": "N", "time": "S"}) is None
    problem = dynamodb_items.refusal("Time", "BIGINT", {"id": "N", "time": "S"})
    assert problem is not None
    assert "does not match type. DynamoDB Type: S" in problem


def test_attributes_of_another_type_are_null() -> None:
    item = {"a": {"N": "1"}, "b": {"BOOL": True}, "c": {"S": "x"}}
    columns = [("a", "BOOLEAN"), ("b", "BOOLEAN"), ("c", "BIGINT"), ("a", "DOUBLE"), ("none", "STRING")]
    assert dynamodb_items.row(item, columns) == [None, True, None, 1.0, None]
    assert dynamodb_items.from_row(
        [None, False, "x"], [("a", "BIGINT"), ("b", "BOOLEAN"), ("c", "STRING")]
    ) == {
        "b": {"BOOL": False},
        "c": {"S": "x"},
    }


def test_whole_items_keep_every_type() -> None:
    item = {
        "s": {"S": "x"},
        "n": {"N": "1"},
        "b": {"B": b"\0"},
        "l": {"L": [{"BOOL": True}, {"NULL": True}]},
        "m": {"M": {"ss": {"SS": ["a"]}, "ns": {"NS": ["1"]}, "bs": {"BS": [b"x"]}}},
    }
    written = dynamodb_items.whole(item)
    assert written["l"] == '{"l":[{"bOOL":true},{"nULL":true}]}'
    assert dynamodb_items.from_whole(written) == item
    assert dynamodb_items.from_whole({"o": '{"nULLValue":true}'}) == {"o": {"NULL": True}}
