"""RegEx."""

from __future__ import annotations

import pytest

from data_formats.data_format import RecordError
from data_formats.formats import data_format_of
from data_formats.regex import RegEx
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed
from runner.testing import FieldValue, pipeline_object


def regex(**fields: FieldValue) -> RegEx:
    return RegEx.of(PipelineObject.from_api(pipeline_object("Format", {"type": "RegEx", **fields})))


def test_the_example_of_the_guide() -> None:
    log = regex(
        inputRegEx=r"([^ ]*) ([^ ]*) ([^ ]*) (-|\[[^\]]*\]) ([^ \"]*|\"[^\"]*\") (-|[0-9]*) (-|[0-9]*)"
        r"(?: ([^ \"]*|\"[^\"]*\") ([^ \"]*|\"[^\"]*\"))?",
        outputFormat="%1$s %2$s %3$s %4$s %5$s %6$s %7$s %8$s %9$s",
        column=[f"c{number} STRING" for number in range(9)],
    )
    line = '10.0.0.1 - eve [01/May/2024:00:00:00 +0000] "GET / HTTP/1.1" 200 5'
    (row,) = log.read([f"{line}\n"])
    assert row[0] == "10.0.0.1"
    assert row[4] == '"GET / HTTP/1.1"'
    assert row[7:] == (None, None)
    assert "".join(log.write([row])) == f"{line} null null\n"


def test_a_line_that_does_not_match_as_a_whole_is_refused() -> None:
    with pytest.raises(RecordError, match="record 2: it does not match inputRegEx"):
        list(regex(inputRegEx=r"(\d)").read(["1\n12\n"]))


def test_a_group_may_have_a_name_as_in_java() -> None:
    pattern = r"(?<day>\d+)(?<=\d)-(?<!x)(\w)"
    assert list(regex(inputRegEx=pattern).read(["12-a\n"])) == [("12", "a")]


def test_columns_may_be_left_out_and_turned_around() -> None:
    assert "".join(regex(outputFormat="%2$s%% of %1$s").write([["a", "b", "c"]])) == "b% of a\n"


@pytest.mark.parametrize("row", [["a"], ["a", "b\nc"]])
def test_a_row_that_cannot_be_written(row: list[str]) -> None:
    with pytest.raises(RecordError, match="record 1"):
        list(regex(outputFormat="%2$s").write([row]))


@pytest.mark.parametrize(
    "fields",
    [
        {"inputRegEx": "("},
        {"inputRegEx": "a"},
        {"inputRegEx": "(" * 5000 + ")" * 5000},
        {"inputRegEx": "(a{99999999999})"},
        {"outputFormat": "%s"},
        {"outputFormat": "%0$s"},
        {"outputFormat": "100%"},
    ],
)
def test_what_cannot_be_a_format(fields: dict[str, FieldValue]) -> None:
    with pytest.raises(FieldError):
        regex(**fields)


def test_each_direction_has_its_field() -> None:
    with pytest.raises(FieldError, match="inputRegEx"):
        list(regex(outputFormat="%1$s").read(["a\n"]))
    with pytest.raises(FieldError, match="outputFormat"):
        list(regex(inputRegEx="(.)").write([["a"]]))


def test_another_format_is_refused() -> None:
    other = PipelineObject.from_api(pipeline_object("Format", {"type": "DynamoDBExportDataFormat"}))
    with pytest.raises(TaskFailed, match="DynamoDBExportDataFormat"):
        data_format_of(other)
