"""CSV, TSV and Custom."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_formats import delimited
from data_formats.data_format import RecordError, Row
from data_formats.delimited import Delimited
from data_formats.formats import data_format_of
from runner.fields import FieldError, PipelineObject
from runner.testing import FieldValue, pipeline_object

CSV = Delimited.csv()


def named(kind: str, **fields: FieldValue) -> PipelineObject:
    return PipelineObject.from_api(pipeline_object("Format", {"type": kind, **fields}))


def read(data_format: Delimited, *pieces: str) -> list[list[str | None]]:
    return [list(row) for row in data_format.read(pieces)]


def write(data_format: Delimited, *rows: Row) -> str:
    return "".join(data_format.write(rows))


def test_values_are_not_quoted() -> None:
    assert read(CSV, 'a,"b\n') == [["a", '"b']]
    assert write(CSV, ['"a"', "b c"]) == '"a",b c\n'


def test_the_escape_character_takes_the_next_one_as_it_is() -> None:
    assert read(CSV, "a\\,b,c\\\\,\\d\\\ne\n") == [["a,b", "c\\", "d\ne"]]
    assert write(CSV, ["a,b", "c\\", "d\ne"]) == "a\\,b,c\\\\,d\\\ne\n"


@pytest.mark.parametrize("kind", ["CSV", "TSV"])
def test_null_is_written_as_the_guide_says_and_read_as_databases_write_it_too(kind: str) -> None:
    found = Delimited.of(named(kind))
    row = [None, "", "N", "n", "\\N", "\\n", "\n", "NN"]
    text = write(found, row)
    assert text == "\\n||N|n|\\\\N|\\\\n|\\\n|NN\n".replace("|", found.separator)
    assert read(found, text) == [row]
    assert read(found, "\\N|\\n|\\NN\n".replace("|", found.separator)) == [[None, None, "NN"]]


@pytest.mark.parametrize(
    ("null", "text"),
    [
        ("\\N", "\\N,,n,N,NULL,\\\\N,\\\\n"),
        ("NULL", "NULL,,n,N,\\NULL,\\\\N,\\\\n"),
        ("N", "N,,n,\\N,NULL,\\\\N,\\\\n"),
        ("\\n", "\\n,,n,N,NULL,\\\\N,\\\\n"),
    ],
)
def test_null_may_be_another_text(null: str, text: str) -> None:
    row = [None, "", "n", "N", "NULL", "\\N", "\\n"]
    csv = Delimited.csv(null)
    assert write(csv, row) == f"{text}\n"
    assert read(csv, f"{text}\n") == [row]


def test_null_may_be_the_empty_value_which_then_is_no_text() -> None:
    csv = Delimited.csv("")
    assert write(csv, [None, "", "\\n"]) == ",,\\\\n\n"
    assert read(csv, ",\\N,\\n\n") == [[None, "N", "n"]]


def test_without_an_escape_character_a_text_that_stands_for_null_cannot_be_written() -> None:
    custom = Delimited.of(named("Custom", columnSeparator="|"), "NULL")
    assert write(custom, [None, "", "null"]) == "NULL||null\n"
    assert read(custom, "NULL||null\n") == [[None, "", "null"]]
    with pytest.raises(RecordError, match="record 2: a value is 'NULL', which stands for NULL"):
        write(custom, ["x"], ["NULL"])


@pytest.mark.parametrize("separator", ["n", "N"])
def test_null_is_never_an_escaped_separator(separator: str) -> None:
    custom = Delimited.of(named("Custom", columnSeparator=separator, escapeChar="^"))
    row = [None, separator, "x"]
    assert read(custom, write(custom, row)) == [row]


@pytest.mark.parametrize("null", [",", "a\n", "a\\", "\\"])
def test_what_cannot_stand_for_null(null: str) -> None:
    with pytest.raises(FieldError, match="'myNullAs'"):
        Delimited.of(named("CSV"), null)


def test_the_last_record_may_end_with_the_file() -> None:
    assert read(CSV, "a\nb") == read(CSV, "a\nb\n") == [["a"], ["b"]]


def test_an_empty_file_has_no_records_and_an_empty_line_is_one_empty_value() -> None:
    assert read(CSV) == read(CSV, "") == []
    assert read(CSV, "\n") == [[""]]
    assert write(CSV) == ""


def test_windows_line_ends_are_refused_and_a_carriage_return_is_data() -> None:
    with pytest.raises(RecordError, match="record 2: it ends with a carriage return and a line feed"):
        read(CSV, "a\n", "b\r", "\n")
    assert read(CSV, write(CSV, ["a\r", "b\r\n", "c\r"])) == [["a\r", "b\r\n", "c\r"]]


def test_without_an_escape_character_an_empty_value_is_null() -> None:
    custom = Delimited.of(named("Custom", columnSeparator="|"))
    assert read(custom, "a||\\N\n") == [["a", None, "\\N"]]
    assert write(custom, ["a", None, ""]) == "a||\n"


@pytest.mark.parametrize("value", ["a|b", "a\nb"])
def test_without_an_escape_character_a_separator_cannot_be_written(value: str) -> None:
    custom = Delimited.of(named("Custom", columnSeparator="|"))
    with pytest.raises(RecordError, match="record 2: a value has a separator in it"):
        write(custom, ["x"], [value])


@pytest.mark.parametrize(
    ("given", "separator"), [("\t", "\t"), (r"\t", "\t"), (r"\u0001", "\x01"), ("é", "é"), (r"\\", "\\")]
)
def test_a_separator_is_a_character_or_its_escape(given: str, separator: str) -> None:
    custom = Delimited.of(named("Custom", columnSeparator=given, recordSeparator=r"\u0002"))
    assert write(custom, ["a", "b"]) == f"a{separator}b\x02"


@pytest.mark.parametrize(
    "fields",
    [
        {"columnSeparator": "||"},
        {"columnSeparator": ""},
        {"columnSeparator": r"\uD800"},
        {"columnSeparator": "\n"},
        {"columnSeparator": "|", "escapeChar": "|"},
        {"columnSeparator": "n", "recordSeparator": "N", "escapeChar": "^"},
        {"columnSeparator": "|", "column": "a INT b"},
        {},
    ],
)
def test_what_cannot_be_a_format(fields: dict[str, FieldValue]) -> None:
    with pytest.raises(FieldError):
        Delimited.of(named("Custom", **fields))


def test_records_have_as_many_columns_as_the_format_lists() -> None:
    csv = Delimited.of(named("CSV", column=["a INT", "b STRING, c DECIMAL(10,2)"]))
    assert csv.columns == ("a", "b", "c")
    assert read(csv, ",,\n1,x,2\n") == [[None, "", None], ["1", "x", "2"]]
    for line in ("1,2\n", "1,2,3,4\n", "\n"):
        with pytest.raises(RecordError, match=r"record 2: it has \d columns, and 3 are expected"):
            read(csv, "1,2,3\n", line)


def test_a_file_that_ends_in_the_middle_of_an_escape_is_refused() -> None:
    with pytest.raises(RecordError, match="record 2: the file ends with an escape character"):
        read(CSV, "a\nb\\")


def test_a_record_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "MAX_RECORD_CHARACTERS", 100)
    for piece in ("x" * 30, "x\\\n" * 10):
        with pytest.raises(RecordError, match="record 1: it has more than 100 characters"):
            read(CSV, *[piece] * 10)


def test_the_columns_do_not_make_another_format() -> None:
    assert Delimited.of(named("CSV", column=["a INT"])) == data_format_of(None)
    assert Delimited.of(named("CSV", escapeChar="^")) != CSV


characters = st.one_of(st.sampled_from("a,\t|\n\r\\Nn^\x00\x01é\U0001f600"), st.characters(codec="utf-8"))
values = st.one_of(st.none(), st.text(characters, max_size=6))
tables = st.lists(st.lists(values, min_size=1, max_size=4), max_size=6)
formats = st.sampled_from(
    [
        CSV,
        Delimited.of(named("TSV")),
        Delimited.of(named("CSV", escapeChar="^")),
        Delimited.of(named("Custom", columnSeparator="|", recordSeparator=r"\u0001", escapeChar="\\")),
        Delimited.of(named("Custom", columnSeparator="N", recordSeparator="é", escapeChar="^")),
        *(Delimited.csv(null) for null in ("\\N", "\\n", "N", "NULL", "a", "\\\\a")),
    ]
)


@given(formats, tables, st.lists(st.integers(min_value=0, max_value=40), max_size=8))
def test_what_was_written_is_read(
    data_format: Delimited, rows: list[list[str | None]], cuts: Sequence[int]
) -> None:
    text = write(data_format, *rows)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[first:last] for first, last in itertools.pairwise(places)]
    assert read(data_format, *pieces) == rows


@given(tables)
def test_without_an_escape_character_rows_are_refused_or_read_as_they_were(
    rows: list[list[str | None]],
) -> None:
    custom = Delimited.of(named("Custom", columnSeparator="|"))
    try:
        text = write(custom, *rows)
    except RecordError:
        return
    assert read(custom, text) == [[value or None for value in row] for row in rows]
