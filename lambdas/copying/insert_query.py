"""``insertQuery``: a statement with ``?`` for the columns of a record, as in JDBC."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copying.repeatable import repeatable
from copying.targets import Statement, Target, Use
from runner.outcome import TaskFailed
from sql.jdbc import Engine
from sql.names import bare
from sql.tokens import tokens_of

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


@dataclass(frozen=True)
class InsertQuery:
    """A statement ``head row tail``. ``row`` is the text around the places for a record's columns."""

    head: str
    row: tuple[str, ...]
    tail: str
    repeatable: bool
    """Whether ``row`` is a row of VALUES, and may occur several times in one statement."""
    is_call: bool = False
    """Whether it is a CALL. The procedure may commit."""
    table: str = ""
    """The table or procedure, as written in the statement; empty if unknown."""
    targets: tuple[Target, ...] = ()
    """Where each column of a record goes."""
    has_several_statements: bool = False
    """Servers refuse more than one statement."""

    @property
    def columns(self) -> int:
        """How many columns a record must have."""
        return len(self.row) - 1

    @classmethod
    def parse(cls, query: str, engine: Engine) -> InsertQuery:
        """Parse a statement. A ``?`` in quotes or in a comment does not count; ``??`` means ``?`` itself.

        Raises TaskFailed if it cannot be parsed, or contains no ``?``.
        """
        query = query.strip().rstrip("; \n\t\r")
        tokens = tokens_of(query, engine, what="insertQuery", error_id="InvalidInsertQuery")
        places = _places(query, tokens)
        marks = [place for place in places if not query.startswith("??", place)]
        if not marks:
            raise TaskFailed("insertQuery has no place for a value (?).", error_id="InvalidInsertQuery")
        first, last = _row_of_values(tokens, marks)
        tail = query[last:].strip()
        # PostgreSQL refuses to update a row twice in one ON CONFLICT DO UPDATE. MySQL handles row after row.
        repeats = last > 0 and (not tail or engine is Engine.MYSQL) and repeatable(query, tokens, first, last)
        if not last:
            first, last = marks[0], marks[-1] + 1
        pieces: list[str] = []
        start = first
        for place in marks:
            pieces.append(query[start:place].replace("??", "?"))
            start = place + 1
        row = (*pieces, query[start:last].replace("??", "?"))
        head, tail = (text.replace("??", "?") for text in (query[:first], query[last:]))
        is_call = tokens[0].text.upper() == "CALL"
        words = Statement.of([query[token.start : token.end + 1] for token in tokens])
        named = tokens[slice(*words.table)]
        table = query[named[0].start : named[-1].end + 1] if named else ""
        targets = words.targets([index for index, token in enumerate(tokens) if token.start in marks])
        has_several = any(token.text == ";" and query[token.start] == ";" for token in tokens)
        return cls(head, row, tail, repeats, is_call, table, targets, has_several)

    @classmethod
    def into(cls, table: str, names: tuple[str, ...], columns: int) -> InsertQuery:
        """An INSERT of ``columns`` columns. Without names, it fills the table's columns in order."""
        listed = f" ({', '.join(names)})" if names else ""
        row = ("(", *[", "] * (columns - 1), ")")
        places: tuple[str | int, ...] = (*map(bare, names),) if names else (*range(columns),)
        targets = tuple(Target(Use.AS_IT_IS, (place,)) for place in places)
        head = f"INSERT INTO {table}{listed} VALUES "  # noqa: S608
        return cls(head, row, "", repeatable=True, table=table, targets=targets)

    def for_postgresql(self, rows: int) -> str:
        """The statement for this many rows, with ``$1``, ``$2`` and so on for the values."""
        numbers = itertools.count(1)
        written = (
            "".join([self.row[0], *[f"${next(numbers)}{piece}" for piece in self.row[1:]]])
            for _ in range(rows)
        )
        return f"{self.head}{', '.join(written)}{self.tail}"

    def for_mysql(self, rows: int) -> str:
        """The statement for this many rows, with ``%s`` for the values, and ``%%`` for a percent sign."""
        head, tail, *row = [text.replace("%", "%%") for text in (self.head, self.tail, *self.row)]
        return f"{head}{', '.join(['%s'.join(row)] * rows)}{tail}"


def _places(query: str, tokens: list[Token]) -> list[int]:
    """The positions of ``?`` and ``??``."""
    places: list[int] = []
    for token in tokens:
        if not query.startswith("?", token.start):
            continue
        place = token.start
        while query.startswith("?", place) and place <= token.end:
            if not places or place >= places[-1] + (2 if query.startswith("??", places[-1]) else 1):
                places.append(place)
            place += 1
    return places


def _row_of_values(tokens: list[Token], marks: list[int]) -> tuple[int, int]:
    """Where the row of VALUES that contains all the marks starts and ends; 0, 0 if there is none."""
    from sqlglot.tokenizer_core import TokenType

    for position, token in enumerate(tokens[:-1]):
        if (
            token.token_type is not TokenType.VALUES
            or tokens[position + 1].token_type is not TokenType.L_PAREN
        ):
            continue
        depth = 0
        for inner in tokens[position + 1 :]:
            depth += inner.token_type is TokenType.L_PAREN
            depth -= inner.token_type is TokenType.R_PAREN
            if depth == 0:
                first, last = tokens[position + 1].start, inner.end + 1
                return (first, last) if all(first < mark < last for mark in marks) else (0, 0)
    return 0, 0
