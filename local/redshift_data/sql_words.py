"""Reads the words of a statement in Amazon Redshift's SQL, from left to right.

sqlglot tells quotes, names and comments apart. The value of a literal is read from its source: Amazon
Redshift derives from PostgreSQL 8, where a backslash in quotes begins an escape.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass

from local.redshift_data.errors import StatementError

_ESCAPE = re.compile(r"''|\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_SOLID = re.compile(r"\S+")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True)
class Word:
    """A word of a statement, or a text or a name with its quotes."""

    written: str
    start: int
    """Where it begins in the statement."""


def words_of(sql: str) -> list[Word]:
    """All words, without comments. Raises StatementError if a quote or a comment is not closed."""
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import TokenError

    # After a statement's first word, sqlglot would take the rest of some statements for one text.
    source = f"({sql}"
    try:
        tokens = Dialect.get_or_raise("redshift").tokenize(source)
    except TokenError as error:
        raise StatementError(f"syntax error: {error}") from None
    found = []
    for token in tokens[1:]:
        written = source[token.start : token.end + 1]
        # It joins some pairs of words, such as PRIMARY KEY.
        parts = (
            [(written, 0)] if written[0] in "'\"" else [(w[0], w.start()) for w in _SOLID.finditer(written)]
        )
        found += [Word(part, token.start - 1 + place) for part, place in parts]
    return found


def folded(sql: str) -> str:
    """The statement with quoted names in lower case, as Amazon Redshift reads them.

    Developer guide, "Names and identifiers". ``enable_case_sensitive_identifier`` has no effect. An
    unreadable statement is returned unchanged.
    """
    try:
        words = words_of(sql)
    except StatementError:
        return sql
    for word in words:
        if word.written.startswith('"'):
            end = word.start + len(word.written)
            sql = sql[: word.start] + word.written.translate(_LOWER) + sql[end:]
    return sql


def first_word(sql: str) -> str:
    """The first word of a statement, in upper case; empty if there is none that can be read."""
    try:
        return SqlWords(sql).next
    except StatementError:
        return ""


class SqlWords:
    """The words that have not been read."""

    def __init__(self, sql: str) -> None:
        """Raises StatementError."""
        self._sql = sql
        self._words = [word for word in words_of(sql) if word.written != ";"]
        self._next = 0

    @property
    def next(self) -> str:
        """The next word in upper case; a text or a name with its quotes; empty at the end."""
        source = self._source(self._next)
        return source if source[:1] in {"'", '"'} else source.upper()

    @property
    def rest(self) -> str:
        """The statement as written, from the next word on."""
        return self._sql[self._words[self._next].start :] if self.next else ""

    def take(self) -> str:
        """Take the next word, see `next`. Raises StatementError at the end."""
        word = self.next
        if not word:
            raise StatementError("syntax error at end of input")
        self._next += 1
        return word

    def skip(self, *words: str) -> bool:
        """Whether the next words are these. If so, take them."""
        if tuple(self._source(self._next + n).upper() for n in range(len(words))) != words:
            return False
        self._next += len(words)
        return True

    def expect(self, word: str) -> None:
        """Take the next word. Raises StatementError unless it is this one."""
        if not self.skip(word):
            raise self.unexpected()

    def unexpected(self) -> StatementError:
        """The error for the next word."""
        if not self.next:
            return StatementError("syntax error at end of input")
        return StatementError(f'syntax error at or near "{self._source(self._next)}"')

    def copy(self) -> str:
        """Take the next word as written. Raises StatementError at the end."""
        source = self._source(self._next)
        self.take()
        return source

    def text(self) -> str:
        """Take a literal and return its value. Raises StatementError if the next word is not one."""
        if not self.is_text:
            raise self.unexpected()
        return literal_value(self.take())

    @property
    def is_text(self) -> bool:
        """Whether the next word is a literal."""
        return self.next.startswith("'")

    def number(self) -> str:
        """Take the digits of a number. Raises StatementError if there are none."""
        if not re.fullmatch(r"\d+(\.\d+)?", self.next):
            raise self.unexpected()
        return self.take()

    def name(self) -> str:
        """Take a name as written, with its schema and quotes. Raises StatementError if there is none."""
        parts = [self._part()]
        while self.skip("."):
            parts.append(self._part())
        return ".".join(parts)

    def names(self) -> list[str]:
        """Take the names in parentheses; none if there are no parentheses."""
        if not self.skip("("):
            return []
        found = [self._part()]
        while self.skip(","):
            found.append(self._part())
        self.expect(")")
        return found

    def _part(self) -> str:
        source = self._source(self._next)
        if not re.match(r'"|[^\W\d]|#', source):
            raise self.unexpected()
        self._next += 1
        return source

    def _source(self, number: int) -> str:
        return self._words[number].written if number < len(self._words) else ""


def literal_value(literal: str) -> str:
    """The value of a literal, given with its quotes."""
    return _ESCAPE.sub(_escaped, literal[1:-1])


def _escaped(match: re.Match[str]) -> str:
    hexadecimal, octal, other = match.groups()
    if hexadecimal:
        return chr(int(hexadecimal, 16))
    if octal:
        return chr(int(octal, 8) & 0xFF)
    return _CONTROL.get(other, other) if other else "'"
