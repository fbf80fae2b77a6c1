"""Splits SQL text into tokens, so that quotes and comments are recognized."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, ClassVar

from runner.outcome import TaskFailed
from sql.jdbc import Engine

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token, TokenType
    from sqlglot.tokens import Tokenizer

MAX_CHARACTERS = 2 * 1024 * 1024
"""A million characters make about 80 MB of tokens."""

_DIALECTS = {Engine.POSTGRESQL: "postgres", Engine.MYSQL: "mysql", Engine.REDSHIFT: "redshift"}


def tokens_of(text: str, engine: Engine, *, what: str, error_id: str) -> list[Token]:
    """The tokens of ``text``. Raises TaskFailed with ``what`` and ``error_id`` if it cannot be split."""
    if len(text) > MAX_CHARACTERS:
        raise TaskFailed(
            f"{what} has {len(text):,} characters, and where its statements or its places for values have to "
            f"be found, {MAX_CHARACTERS:,} are the limit. Make several of it, or write the values into it.",
            error_id=error_id,
        )
    from sqlglot.errors import TokenError

    try:
        return _tokenizer(engine).tokenize(text)
    except TokenError as error:
        raise TaskFailed(f"{what} cannot be read as {engine.value}: {error}", error_id=error_id) from error


@cache
def _tokenizer(engine: Engine) -> Tokenizer:
    """The dialect's tokenizer, which also splits statements that sqlglot does not parse, such as CALL."""
    from sqlglot.dialects.dialect import Dialect

    dialect = Dialect.get_or_raise(_DIALECTS[engine])

    class Whole(dialect.tokenizer_class):  # type: ignore[misc, name-defined]
        COMMANDS: ClassVar[set[TokenType]] = set()

    return Whole(dialect=dialect)
