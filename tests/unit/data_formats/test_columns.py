"""Types in ``column``: for which an empty value is NULL, and for which it is text."""

from __future__ import annotations

import pytest

from data_formats.columns import Columns
from runner.fields import PipelineObject


def checked(kind: str) -> str | None:
    owner = PipelineObject("Format", "Format", {"column": (f"t {kind}".strip(),)}, {})
    return Columns.of(owner).checked(1, [""])[0]


@pytest.mark.parametrize(
    "kind",
    ["", "STRING", "varchar(20)", "character varying(9)", "NVARCHAR(20)", "nchar(2)", "bpchar", "longtext",
     "mediumtext", "VARCHAR2(20)", "enum", "json", "citext", "bytea"],
)  # fmt: skip
def test_an_empty_text_stays_one_whatever_the_type_is_called(kind: str) -> None:
    assert checked(kind) == ""


@pytest.mark.parametrize(
    "kind",
    ["INT", "bigint unsigned", "decimal(10,2)", "double precision", "boolean", "date", "timestamp(3)",
     "timestamp with time zone", "timestamptz", "year", "uuid", "number(9)"],
)  # fmt: skip
def test_an_empty_number_or_time_is_null(kind: str) -> None:
    assert checked(kind) is None
