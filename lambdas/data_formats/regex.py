"""RegEx: a regular expression splits lines into columns, and a pattern writes columns as lines.

Developer guide, RegEx data format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from data_formats.columns import ANY_COLUMNS, Columns
from data_formats.data_format import RecordError, Row
from data_formats.delimited import Delimited
from data_formats.match_limit import SECONDS, MatchLimit, MatchTooLongError, portions
from runner.fields import FieldError, PipelineObject

_PLACE = re.compile(r"%(?:(\d{1,4})\$s|(%)|.?)", re.DOTALL)
_LINES = Delimited(separator="\n", escape="")
_GROUP_NAME = re.compile(r"(?<!\\)\(\?<(?=[A-Za-z])")


@dataclass(frozen=True)
class RegEx:
    """``pattern`` reads lines, ``output`` writes them: texts, and positions of columns, counted from 0."""

    id: str = field(compare=False)
    pattern: re.Pattern[str] | None
    output: tuple[str | int, ...] | None
    described: Columns = field(default=ANY_COLUMNS, compare=False)
    record_separator: str = "\n"
    extension: str = "txt"

    @classmethod
    def of(cls, named: PipelineObject) -> RegEx:
        """Read the fields. Raises FieldError."""
        pattern = output = None
        if "inputRegEx" in named:
            try:
                # Java's (?<name>…) is Python's (?P<name>…).
                pattern = re.compile(_GROUP_NAME.sub("(?P<", named.string("inputRegEx")))
            except (re.error, OverflowError, RecursionError) as error:
                raise FieldError(named.id, "inputRegEx", f"it is no regular expression: {error}") from error
            if not pattern.groups:
                raise FieldError(named.id, "inputRegEx", "it has no group, so that there are no columns")
        if "outputFormat" in named:
            output = _output(named)
        return cls(named.id, pattern, output, Columns.of(named))

    @property
    def columns(self) -> tuple[str, ...]:
        """The column names."""
        return self.described.names

    def read(self, text: Iterable[str]) -> Iterator[Row]:
        """See DataFormat. The whole line must match. A group that does not take part in the match is NULL."""
        if self.pattern is None:
            raise FieldError(self.id, "inputRegEx", "it is missing, and the node is read")
        for portion in portions(_LINES.lines(text)):
            yield from self._rows(self.pattern, portion)

    def _rows(self, pattern: re.Pattern[str], lines: Iterable[tuple[int, str]]) -> list[Row]:
        rows: list[Row] = []
        limit = MatchLimit()
        try:
            with limit:
                for number, line in lines:
                    limit.record = number
                    match = pattern.fullmatch(line)
                    if match is None:
                        raise RecordError(number, "it does not match inputRegEx")
                    rows.append(self.described.checked(number, match.groups()))
        except MatchTooLongError:
            problem = (
                f"the match with inputRegEx of '{self.id}' took more than {SECONDS:.0f} s. Use a simpler "
                "expression, without a repetition in a repetition such as (a+)+"
            )
            raise RecordError(limit.record, problem) from None
        return rows

    def write(self, rows: Iterable[Row]) -> Iterator[str]:
        """See DataFormat. NULL is ``null``, as in Java's formatter."""
        if self.output is None:
            raise FieldError(self.id, "outputFormat", "it is missing, and the node is written")
        needed = 1 + max((part for part in self.output if isinstance(part, int)), default=-1)
        for number, row in enumerate(rows, 1):
            if len(row) < needed:
                problem = f"it has {len(row)} columns, and outputFormat takes {needed}"
                raise RecordError(number, problem)
            values = ["null" if value is None else value for value in row]
            line = "".join(values[part] if isinstance(part, int) else part for part in self.output)
            if "\n" in line:
                raise RecordError(number, "a value has a line feed in it, which RegEx cannot write")
            yield f"{line}\n"


def _output(named: PipelineObject) -> tuple[str | int, ...]:
    """``outputFormat``: ``%1$s`` is the first column, ``%%`` a percent sign. Raises FieldError for others."""
    text = named.string("outputFormat")
    parts: list[str | int] = []
    end = 0
    for found in _PLACE.finditer(text):
        if not found[2] and (not found[1] or int(found[1]) < 1):
            problem = f"columns are %1$s and on, but it has {found[0]!r}"
            raise FieldError(named.id, "outputFormat", problem)
        parts += [text[end : found.start()], "%" if found[2] else int(found[1]) - 1]
        end = found.end()
    return (*parts, text[end:])
