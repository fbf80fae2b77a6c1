"""The options of COPY and UNLOAD."""

from __future__ import annotations

import pytest

from redshift_copy.options import (
    COPY_FORMATS,
    UNLOAD_FORMATS,
    command_options,
    merged,
    option_words,
)
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed


def an_object(**fields: str | tuple[str, ...]) -> PipelineObject:
    values = {key: (value,) if isinstance(value, str) else value for key, value in fields.items()}
    return PipelineObject("It", "It", values, {})


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
    assert merged(own, []) == own
    assert merged(own, ["gzip", "region 'us-east-1' "]) == ["MANIFEST", "gzip", "region 'us-east-1' "]
    assert merged(own, ["NULL AS 'GZIP'"]) == [*own, "NULL AS 'GZIP'"]


@pytest.mark.parametrize(
    ("given", "copy", "unload"),
    [
        ([], False, False),
        (["EMPTYASNULL", "IGNOREBLANKLINES"], False, False),
        (["GZIP", "NULL AS 'CSV'"], False, False),
        (["delimiter '|'"], True, True),
        (["FORMAT AS PARQUET"], True, True),
        (["TRUNCATECOLUMNS csv"], True, True),
        (["JSON 'auto'"], True, True),
        (["ESCAPE"], False, True),
        (["ADDQUOTES"], False, True),
    ],
)
def test_options_that_say_what_the_files_are(given: list[str], copy: bool, unload: bool) -> None:
    assert (not option_words(given).isdisjoint(COPY_FORMATS)) is copy
    assert (not option_words(given).isdisjoint(UNLOAD_FORMATS)) is unload
