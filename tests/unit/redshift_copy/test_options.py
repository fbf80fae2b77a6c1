"""The options of COPY and UNLOAD."""

from __future__ import annotations

import pytest

from redshift_copy.options import combined, command_options, format_options, unload_format_options
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed


def an_object(**fields: str | tuple[str, ...]) -> PipelineObject:
    values = {key: (value,) if isinstance(value, str) else value for key, value in fields.items()}
    return PipelineObject("It", "It", values, {})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"type": "CSV"}, ["DELIMITER AS ','", "ESCAPE"]),
        ({"type": "CSV", "escapeChar": "\\"}, ["DELIMITER AS ','", "ESCAPE"]),
        ({"type": "TSV"}, ["DELIMITER AS '\t'", "ESCAPE"]),
        (
            {"type": "TSV", "columnSeparator": "\\t", "recordSeparator": "\\n"},
            ["DELIMITER AS '\t'", "ESCAPE"],
        ),
        ({"type": "TSV", "columnSeparator": "|"}, ["DELIMITER AS '|'", "ESCAPE"]),
        ({"type": "Custom", "columnSeparator": ";"}, ["DELIMITER AS ';'"]),
        ({"type": "Custom", "columnSeparator": "'"}, ["DELIMITER AS ''''"]),
        ({"type": "Custom", "columnSeparator": "\\"}, ["DELIMITER AS '\\\\'"]),
        (
            {"type": "Custom", "columnSeparator": "\x01", "escapeChar": "\\"},
            ["DELIMITER AS '\x01'", "ESCAPE"],
        ),
    ],
)
def test_formats(fields: dict[str, str], expected: list[str]) -> None:
    assert format_options(an_object(**fields)) == expected


def test_unload_tells_null_from_an_empty_text() -> None:
    assert unload_format_options(an_object(type="CSV")) == ["DELIMITER AS ','", "ESCAPE", "NULL AS '\\\\N'"]
    custom = an_object(type="Custom", columnSeparator="|")
    assert unload_format_options(custom) == ["DELIMITER AS '|'"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"type": "Custom"}, "'columnSeparator': it is missing"),
        ({"type": "Custom", "columnSeparator": "||"}, "one ASCII character, but it is '||'"),
        ({"type": "Custom", "columnSeparator": "§"}, "one ASCII character"),
        ({"type": "Custom", "columnSeparator": "\0"}, "one ASCII character"),
        ({"type": "TSV", "recordSeparator": "\r"}, "'recordSeparator': Amazon Redshift knows"),
        ({"type": "CSV", "escapeChar": "^"}, "'escapeChar': Amazon Redshift knows the backslash alone"),
    ],
)
def test_what_redshift_cannot_read_is_refused(fields: dict[str, str], problem: str) -> None:
    with pytest.raises(FieldError, match=problem.replace("|", r"\|")):
        format_options(an_object(**fields))


def test_another_format_is_told_what_to_do() -> None:
    with pytest.raises(TaskFailed, match=r"'It' is a RegEx.*commandOptions"):
        format_options(an_object(type="RegEx"))


def test_command_options_are_taken_as_they_are() -> None:
    given = ("FORMAT AS CSV QUOTE '\"'", "IGNOREHEADER 1", "NULL AS 'credentials; -- '")
    assert command_options(an_object(commandOptions=given)) == list(given)
    assert command_options(an_object()) == []


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ("CREDENTIALS 'aws_access_key_id=AKIA;aws_secret_access_key=x'", "CREDENTIALS cannot be given"),
        ("access_key_id 'AKIA'", "ACCESS_KEY_ID cannot be given"),
        ("iam_role/**/'arn:aws:iam::111122223333:role/other'", "IAM_ROLE cannot be given"),
        ("MASTER_SYMMETRIC_KEY 'x'", "MASTER_SYMMETRIC_KEY cannot be given"),
        ("GZIP; DROP TABLE orders", "without ';'"),
        ("GZIP;", "without ';'"),
    ],
)
def test_no_keys_no_role_and_no_second_statement(option: str, problem: str) -> None:
    with pytest.raises(FieldError, match=problem):
        command_options(an_object(commandOptions=("CSV", option)))


def test_options_that_are_not_sql() -> None:
    with pytest.raises(TaskFailed) as raised:
        command_options(an_object(commandOptions="NULL AS 'x"))
    assert raised.value.error_id == "InvalidScript"


def test_what_the_user_says_is_not_said_twice() -> None:
    own = ["MANIFEST", "GZIP", "REGION AS 'eu-west-1'"]
    assert combined(own, []) == own
    assert combined(own, ["gzip", "region 'us-east-1' "]) == ["MANIFEST", "gzip", "region 'us-east-1' "]
    assert combined(own, ["NULL AS 'GZIP'"]) == [*own, "NULL AS 'GZIP'"]
