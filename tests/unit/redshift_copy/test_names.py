"""No name and no value escapes its quotes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redshift_copy.load import InsertMode, Load
from redshift_copy.names import checked_name, identifier, quoted_text
from redshift_copy.source import Source
from redshift_copy.table import Column, Table
from redshift_copy.text_format import select, text_format_of
from redshift_copy.unload import unload
from runner.fields import FieldError, PipelineObject

HOSTILE = st.text(st.sampled_from("\"'\\;-/*\n $a\0é") | st.characters(), min_size=1, max_size=30)


def end_of_identifier(sql: str) -> int:
    """Where the identifier at 0 ends: ``""`` is a quote in it, ``"`` its end."""
    place = 1
    while True:
        if sql.startswith('""', place):
            place += 2
        elif sql[place] == '"':
            return place + 1
        else:
            place += 1


def end_of_literal(sql: str) -> int:
    """The same for a literal: ``''`` is a quote, and a backslash escapes the next character."""
    place = 1
    while True:
        if sql.startswith("''", place) or sql[place] == "\\":
            place += 2
        elif sql[place] == "'":
            return place + 1
        else:
            place += 1


@given(HOSTILE)
def test_an_identifier_ends_at_its_end(name: str) -> None:
    assert end_of_identifier(identifier(name) + ' "x"') == len(identifier(name))


@given(HOSTILE)
def test_a_literal_ends_at_its_end(value: str) -> None:
    assert end_of_literal(quoted_text(value) + " 'x'") == len(quoted_text(value))


@settings(deadline=None)  # The first example imports sqlglot.
@given(HOSTILE, HOSTILE)
def test_the_query_of_an_unload_is_one_literal_with_whole_names_in_it(schema: str, name: str) -> None:
    node = PipelineObject("Out", "Out", {"directoryPath": ("s3://bucket/out/",)}, {})
    columns = [Column(name, "varchar"), Column(schema, "int4")]
    query = select(node, Table(schema, name), columns, text_format_of(None, node))
    sql = unload(query, node, [], "arn")
    literal = sql[len("UNLOAD (") :]
    end = end_of_literal(literal)
    assert literal[end:].startswith(")\nTO 's3://bucket/out/'\n")
    assert literal[1 : end - 1].replace("''", "'").replace("\\\\", "\\") == query
    assert query.endswith(
        f",\n{identifier(schema)} AS {identifier(schema)}\nFROM {identifier(schema)}.{identifier(name)}"
    )


@settings(deadline=None)
@given(HOSTILE, HOSTILE)
def test_statements_are_the_same_but_for_the_names(name: str, key: str) -> None:
    def load(table: str, column: str) -> list[str]:
        source = Source("s3://bucket/in", ())
        return Load(Table("public", table, (column,)), InsertMode.KEEP_EXISTING, source).statements("arn")

    plain = [
        sql.replace('"NAME"', identifier(name)).replace('"KEY"', identifier(key))
        for sql in load("NAME", "KEY")
    ]
    if '"KEY"' not in identifier(name):
        assert load(name, key) == plain


@pytest.mark.parametrize("value", ["", "a\0b"])
def test_what_cannot_be_a_name_is_refused(value: str) -> None:
    owner = PipelineObject("Orders", "Orders", {}, {})
    with pytest.raises(FieldError, match="'Orders', field 'tableName': a name is expected"):
        checked_name(owner, "tableName", value)
