"""The expression language, tested with the developer guide's functions and the formats that people use."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from local.datapipeline.definition import Definition
from local.datapipeline.expressions import ExpressionError, evaluate, evaluate_text
from local.datapipeline.objects import Field, PipelineObject, ref
from local.datapipeline.scopes import ObjectScope

NODE = PipelineObject(
    "Node", "Node", (Field("filePath", "s3://b/#{myDay}"), Field("myDay", "mon"), ref("schedule", "S"))
)
SCHEDULE = PipelineObject("S", "S", (Field("period", "1 day"), Field("myZone", "utc")))
OWN: Sequence[Field] = (
    Field("@scheduledStartTime", "2024-02-29T23:05:09"),
    Field("myNumber", "7"),
    Field("myList", "a"),
    Field("myList", "b"),
    Field("myLoop", "#{myLoop}"),
    ref("input", "Node"),
)


def scope() -> ObjectScope:
    objects = {"Node": NODE, "S": SCHEDULE}
    return ObjectScope(PipelineObject("Own", "Own", tuple(OWN)), Definition(), objects.get)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain # text {}", "plain # text {}"),
        ("#{myNumber}", "7"),
        ("a-#{myNumber}-#{myNumber + 1}", "a-7-8"),
        ("#{7 / 2} #{-7 / 2} #{7.0 / 2}", "3 -3 3.5"),
        ("#{2 ^ 3}", "8.0"),
        ("#{1 + 2 * 3} #{(1 + 2) * 3}", "7 9"),
        ("#{'a' + myNumber}", "a7"),
        ("#{myList + '!'}", "[a!, b!]"),
        ("#{input.filePath}", "s3://b/mon"),
        ("#{input.schedule.myZone}", "utc"),
        ("#{format(@scheduledStartTime,'YYYY-MM-dd-HH-mm-ss')}", "2024-02-29-23-05-09"),
        ("#{@scheduledStartTime.format('yyyyMMdd')}", "20240229"),
        ("#{format(minusDays(@scheduledStartTime,1),'YYYY-MM-dd')}", "2024-02-28"),
        ("#{format(plusYears(@scheduledStartTime,1), \"yyyy-MM-dd'T'HH:mm\")}", "2025-02-28T23:05"),
        ("#{plusMonths(makeDate(2024,1,31),1)}", "2024-02-29T00:00:00"),
        ("#{makeDateTime(2024,1,31,4,5)}", "2024-01-31T04:05:00"),
        (
            "#{day(@scheduledStartTime)} #{month(@scheduledStartTime)} #{year(@scheduledStartTime)}",
            "29 2 2024",
        ),
        ("#{hour(@scheduledStartTime)} #{minute(@scheduledStartTime)}", "23 5"),
        ("#{dayOfYear(@scheduledStartTime)}", "60"),
        ("#{firstOfMonth(@scheduledStartTime)}", "2024-02-01T23:05:09"),
        ("#{midnight(@scheduledStartTime)}", "2024-02-29T00:00:00"),
        ("#{sunday(@scheduledStartTime)}", "2024-02-25T23:05:09"),
        ("#{yesterday(@scheduledStartTime)}", "2024-02-28T23:05:09"),
        ("#{plusPeriod(@scheduledStartTime, '2 hours')}", "2024-03-01T01:05:09"),
        ("#{format(@scheduledStartTime,'EEE MMM d hh:mm a')}", "Thu Feb 29 11:05 PM"),
    ],
)
def test_an_expression_has_this_value(text: str, value: str) -> None:
    assert evaluate_text(text, scope()) == value


def test_a_list_gives_one_value_for_each() -> None:
    assert evaluate("x#{myList}", scope()) == ["xa", "xb"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("#{myAbsent}", "no field 'myAbsent'"),
        ("#{nosuch(1)}", "no function 'nosuch'"),
        ("#{day()}", "day(DateTime) was given 0 arguments"),
        ("#{day('noon')}", "needs a DateTime"),
        ("#{1 / 0}", "division by zero"),
        ("#{'a' * 2}", "needs a number, not 'a'"),
        ("#{myNumber", "'}' is missing"),
        ("a #{1 + ]}", "unexpected ']' at character 9"),
        ("#{myLoop}", "refers to itself"),
        ("#{myNumber.x}", "is not a reference"),
        ("#{format(@scheduledStartTime,'QQ')}", "'Q' is not a field of the date format"),
    ],
)
def test_a_mistake_says_what_and_where(text: str, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, scope())
    assert says in str(caught.value)
