"""Delimited text for COPY and UNLOAD."""

from __future__ import annotations

import pytest

from redshift_copy.table import Column, Table
from redshift_copy.text_format import copy_options, select, text_format_of, unload_options
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed

COMMA, TAB, PIPE = "DELIMITER AS ','", "DELIMITER AS '\t'", "DELIMITER AS '|'"
NULL = "NULL AS '\\\\n'"
TABLE = Table("shop", "orders")


def an_object(object_id: str, **fields: str) -> PipelineObject:
    return PipelineObject(object_id, object_id, {key: (value,) for key, value in fields.items()}, {})


def a_node(**fields: str) -> PipelineObject:
    return an_object("Data", type="S3DataNode", directoryPath="s3://b/in", **fields)


@pytest.mark.parametrize(
    ("fields", "copy", "unload"),
    [
        ({}, [COMMA, "ESCAPE", NULL], [COMMA, NULL]),
        ({"type": "CSV"}, [COMMA, "ESCAPE", NULL], [COMMA, NULL]),
        ({"type": "CSV", "escapeChar": "\\"}, [COMMA, "ESCAPE", NULL], [COMMA, NULL]),
        ({"type": "TSV"}, [TAB, "ESCAPE", NULL], [TAB, NULL]),
        (
            {"type": "TSV", "columnSeparator": "\\t", "recordSeparator": "\\n"},
            [TAB, "ESCAPE", NULL],
            [TAB, NULL],
        ),
        ({"type": "TSV", "columnSeparator": "|"}, [PIPE, "ESCAPE", NULL], [PIPE, NULL]),
        ({"type": "Custom", "columnSeparator": "|"}, [PIPE, "NULL AS ''"], [PIPE]),
        (
            {"type": "Custom", "columnSeparator": "'"},
            ["DELIMITER AS ''''", "NULL AS ''"],
            ["DELIMITER AS ''''"],
        ),
        (
            {"type": "Custom", "columnSeparator": "\\u0001", "escapeChar": "\\"},
            ["DELIMITER AS '\x01'", "ESCAPE", NULL],
            ["DELIMITER AS '\x01'", NULL],
        ),
    ],
)
def test_formats(fields: dict[str, str], copy: list[str], unload: list[str]) -> None:
    found = text_format_of(an_object("It", **fields) if fields else None, a_node())
    assert copy_options(found) == copy
    assert unload_options(found) == unload


@pytest.mark.parametrize(
    ("null", "copy", "unload"),
    [
        ("\\n", [NULL], [NULL]),
        ("\\N", [], ["NULL AS '\\\\N'"]),
        ("it's", ["NULL AS 'it''s'"], ["NULL AS 'it''s'"]),
        ("''", ["NULL AS ''"], []),
    ],
)
def test_what_the_node_says_of_null(null: str, copy: list[str], unload: list[str]) -> None:
    found = text_format_of(None, a_node(myNullAs=null))
    assert copy_options(found) == [COMMA, "ESCAPE", *copy]
    assert unload_options(found) == [COMMA, *unload]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"type": "Custom"}, "'columnSeparator': it is missing"),
        ({"type": "Custom", "columnSeparator": "||"}, "one character is expected"),
        ({"type": "Custom", "columnSeparator": "§"}, "one ASCII character, but it is '§'"),
        ({"type": "Custom", "columnSeparator": "\0"}, "one ASCII character"),
        ({"type": "TSV", "recordSeparator": "\r"}, "'recordSeparator': Amazon Redshift knows"),
        ({"type": "CSV", "escapeChar": "^"}, "'escapeChar': Amazon Redshift knows the backslash alone"),
    ],
)
def test_what_redshift_cannot_read_is_refused(fields: dict[str, str], problem: str) -> None:
    with pytest.raises(FieldError, match=problem):
        text_format_of(an_object("It", **fields), a_node())


def test_another_format_is_told_what_to_do() -> None:
    with pytest.raises(TaskFailed, match=r"'It' is a RegEx.*commandOptions"):
        text_format_of(an_object("It", type="RegEx", inputRegEx="(.)"), a_node())


def test_the_query_of_an_unload_escapes_texts_alone_and_has_no_backslash() -> None:
    columns = [Column("id", "int4"), Column('no"te', "varchar"), Column("extra", "super")]
    sql = select(a_node(), TABLE, columns, text_format_of(None, a_node()))
    first, second, third, last = sql.split("\n")
    assert first == 'SELECT "id" AS "id",'
    assert second.startswith(
        'REPLACE(REPLACE(REPLACE(REPLACE("no""te", CHR(92), CHR(92) || CHR(92)), CHR(44),'
    )
    assert second.endswith(' AS "no""te",')
    assert "JSON_SERIALIZE" in third
    assert last == 'FROM "shop"."orders"'
    assert "\\" not in sql


@pytest.mark.parametrize("separator", ["0", "-", ".", "t", " "])
def test_a_separator_that_may_be_in_a_number_is_refused(separator: str) -> None:
    custom = an_object("It", type="Custom", columnSeparator=separator)
    with pytest.raises(FieldError, match="Object 'It', field 'columnSeparator'"):
        select(custom, TABLE, [], text_format_of(custom, a_node()))
