"""Where a statement puts the value of each ``?``, as far as its text shows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from sql.names import bare


class Use(Enum):
    """What a statement does with a value."""

    AS_IT_IS = "as it is"
    IN_EXPRESSION = "in an expression"
    """The result may be the text, or another text."""
    AS_NUMBER = "as a number"
    """It is cast to a number, calculated with, or compared. Its text is not stored."""


@dataclass(frozen=True)
class Target:
    """Where a value goes."""

    use: Use
    columns: tuple[str | int, ...] = ()
    """The columns that it may go to, by name, or by position from 0. Empty: any column of the table."""


_SKIPPED = {"INTO", "IGNORE", "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED"}
_QUERIES = {"SELECT", "WITH", "TABLE", "VALUES", "VALUE"}
_NUMBERS = {"UNSIGNED", "SIGNED", "DECIMAL", "DOUBLE", "FLOAT", "REAL", "INTEGER", "INT"}
_OPERATORS = {
    "+",
    "-",
    "*",
    "/",
    "%",
    "&",
    "|",
    "^",
    "<<",
    ">>",
    "=",
    "<=>",
    "<>",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
} | {
    *("DIV", "MOD", "IN", "LIKE", "IS", "BETWEEN", "CASE"),
}
_PARTS = {"VALUES", "VALUE", "SET", "UPDATE", "ON", "AS", "FROM", "UNION"}
_ENDS = {")", ",", "", "FROM", "WHERE", "UNION", "LIMIT", "ON", "AS"}
_NAME = re.compile(r"[\w$`\"]")


@dataclass(frozen=True)
class Statement:
    """The words of a statement, with the table and columns at its beginning."""

    words: Sequence[str]
    table: tuple[int, int]
    """The range of words that name the table or procedure; its end is exclusive. Empty if there are none."""
    names: tuple[str, ...]
    """The columns in its list, without quotes."""

    @classmethod
    def of(cls, words: Sequence[str]) -> Statement:
        """Read INSERT, REPLACE, UPDATE and CALL. For other statements, the table is unknown."""
        kind = words[0].upper() if words else ""
        if kind not in {"INSERT", "REPLACE", "UPDATE", "CALL"}:
            return cls(words, (0, 0), ())
        first = next((at for at in range(1, len(words)) if words[at].upper() not in _SKIPPED), len(words))
        last = first + 1
        while last + 1 < len(words) and words[last] == ".":
            last += 2
        names = () if kind in {"UPDATE", "CALL"} else _listed(words, last)
        return cls(words, (first, min(last, len(words))), names)

    def targets(self, marks: Collection[int]) -> tuple[Target, ...]:
        """The targets of the values, which are the words at ``marks``."""
        return tuple(self._targets(marks))

    def _targets(self, marks: Collection[int]) -> Iterator[Target]:
        words = self.words
        counted: int | None = 1 if words and words[0].upper() == "CALL" else None
        """The depth at which commas separate columns: 1 in VALUES, 0 in the list of a SELECT."""
        depth = position = 0
        sets = False
        assigned = ""
        where: int | None = None
        """The depth of a WHERE, whose values go into no column."""
        for index, word in enumerate(words):
            upper = word.upper()
            if word == "(":
                position = position if depth or counted == 0 else 0
                depth += 1
            elif word == ")":
                depth -= 1
                where = None if where is not None and depth < where else where
            elif upper in {"WHERE", "HAVING", "LIMIT"}:
                where = depth if where is None else where
            elif upper == "SELECT":
                where = None if where == depth else where
                counted, position = (0, 0) if depth == 0 else (counted, position)
            elif word == ",":
                position += depth == counted
                assigned = assigned if depth else ""
            elif word == "=" and depth == 0 and sets and not assigned and index:
                assigned = bare(words[index - 1])
            elif word == "*" and counted == 0 and self._around(index, -1) in {"SELECT", ",", "."}:
                counted = None
            elif depth == 0 and upper in _PARTS and index and not (upper == "AS" and counted == 0):
                counted = 1 if upper in {"VALUES", "VALUE"} else None
                sets, assigned = sets or upper in {"SET", "UPDATE"}, ""
            if index not in marks:
                continue
            use = self._use(index)
            if compared := self._compared(index):
                yield Target(Use.AS_IT_IS, (compared,))
            elif where is not None:
                yield Target(Use.AS_NUMBER)
            elif counted is not None and depth >= counted:
                at: str | int = self.names[position] if position < len(self.names) else position
                yield Target(use if depth == counted else _inner(use), (at,))
            else:
                yield Target(_inner(use), (assigned,) if assigned else self.names)

    def _around(self, index: int, distance: int) -> str:
        at = index + distance
        return self.words[at].upper() if 0 <= at < len(self.words) else ""

    def _compared(self, index: int) -> str:
        """The column in ``column = ?``, in SET or in a comparison, which accepts a number as well."""
        before = self.words[index - 2] if index > 1 else ""
        alone = self._around(index, -1) == "=" and self._around(index, 1) not in _OPERATORS
        return bare(before) if alone and self.words[index] == "?" and _NAME.match(before) else ""

    def _use(self, index: int) -> Use:
        before, after = self._around(index, -1), self._around(index, 1)
        if before in _OPERATORS or after in _OPERATORS:
            return Use.AS_NUMBER
        function = self._around(index, -2) if before == "(" else ""
        if (function, after) in {("CAST", "AS"), ("CONVERT", ",")} and self._around(index, 2) in _NUMBERS:
            return Use.AS_NUMBER
        alone = self.words[index] == "?" and before in {"(", ",", "SELECT"} and after in _ENDS
        return Use.AS_IT_IS if alone else Use.IN_EXPRESSION


def _inner(use: Use) -> Use:
    return use if use is Use.AS_NUMBER else Use.IN_EXPRESSION


def _listed(words: Sequence[str], at: int) -> tuple[str, ...]:
    """The column list that starts at this word, or after ``PARTITION (…)``."""
    if at < len(words) and words[at].upper() == "PARTITION":
        at = next((index + 1 for index in range(at, len(words)) if words[index] == ")"), len(words))
    if at + 1 >= len(words) or words[at] != "(" or words[at + 1].upper() in _QUERIES:
        return ()
    listed = itertools.takewhile(lambda word: word != ")", words[at + 1 :])
    found: list[str] = []
    for comma, group in itertools.groupby(listed, lambda word: word == ","):
        if not comma:
            found.append(bare(list(group)[-1]))
    return tuple(found)
