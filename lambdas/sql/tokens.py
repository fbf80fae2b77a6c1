"""The tokens of SQL text, with which quotes and comments are told from the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.outcome import TaskFailed
from sql.jdbc import Engine

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

MAX_CHARACTERS = 2 * 1024 * 1024
"""A million of them make about 80 MB of tokens."""

_DIALECTS = {Engine.POSTGRESQL: "postgres", Engine.MYSQL: "mysql", Engine.REDSHIFT: "redshift"}


def tokens_of(text: str, engine: Engine, *, what: str, error_id: str) -> list[Token]:
    """The tokens of ``text``. Raises TaskFailed if it cannot be read; ``what`` and ``error_id`` name that."""
    if len(text) > MAX_CHARACTERS:
        raise TaskFailed(
            f"{what} has {len(text):,} characters, and where its statements or its places for values have to "
            f"be found, {MAX_CHARACTERS:,} are the limit. Make several of it, or write the values into it.",
            error_id=error_id,
        )
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import TokenError

    try:
        return Dialect.get_or_raise(_DIALECTS[engine]).tokenize(text)
    except TokenError as error:
        raise TaskFailed(f"{what} cannot be read as {engine.value}: {error}", error_id=error_id) from error
