"""The field ``step``: commas, and the guide's escapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emr.step_field import parse_step
from runner.fields import FieldError


@pytest.mark.parametrize(
    ("text", "jar", "arguments"),
    [
        (
            "s3://example-bucket/MyWork.jar,arg1,arg2,arg3",
            "s3://example-bucket/MyWork.jar",
            ["arg1", "arg2", "arg3"],
        ),
        # The guide's example, as JSON leaves it: two backslashes before a comma of an argument.
        (r"runner.jar,s3://d/echo.sh,a\\,b\\,c", "runner.jar", ["s3://d/echo.sh", "a,b,c"]),
        (r"runner.jar,a\,b,c", "runner.jar", ["a,b", "c"]),
        # The guide: File\.gz has to be escaped twice.
        (r"a.jar,File\\\\.gz", "a.jar", [r"File\.gz"]),
        (r"a.jar,File\\.gz", "a.jar", ["File.gz"]),
        ("a.jar", "a.jar", []),
        ("a.jar,,", "a.jar", ["", ""]),
        (" a.jar , b ", "a.jar", [" b "]),
        ("a.jar,--conf,x=1 y='2',\"q\"", "a.jar", ["--conf", "x=1 y='2'", '"q"']),
        ("a.jar,one\ntwo", "a.jar", ["one\ntwo"]),
        ("a.jar,end\\", "a.jar", ["end\\"]),
        (r"a.jar,\\\\\\,x", "a.jar", [r"\,x"]),
    ],
)
def test_arguments(text: str, jar: str, arguments: list[str]) -> None:
    step = parse_step("Act", text)
    assert step.jar == jar
    assert list(step.arguments) == arguments


@pytest.mark.parametrize("text", ["", " ", ",a", " ,a"])
def test_a_step_without_a_jar_is_refused(text: str) -> None:
    with pytest.raises(FieldError, match="a JAR is expected first"):
        parse_step("Act", text)


@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=5))
def test_what_is_escaped_as_the_guide_says_arrives_unchanged(arguments: list[str]) -> None:
    escaped = [text.replace("\\", "\\\\\\\\").replace(",", "\\\\,") for text in arguments]
    assert list(parse_step("Act", ",".join(["a.jar", *escaped])).arguments) == arguments
