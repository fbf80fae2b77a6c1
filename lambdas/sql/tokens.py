"""The tokens of SQL text, with which quotes and comments are told from the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.outcome import TaskFailed
from sql.jdbc import Engine

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_DIALECTS = {Engine.POSTGRESQL: "postgres", Engine.MYSQL: "mysql", Engine.REDSHIFT: "redshift"}


def tokens_of(text: str, engine: Engine, *, what: str, error_id: str) -> list[Token]:
    """The tokens of ``text``. Raises TaskFailed if it cannot be read; ``what`` and ``error_id`` name that."""
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import TokenError

    try:
        return Dialect.get_or_raise(_DIALECTS[engine]).tokenize(text)
    except TokenError as error:
        raise TaskFailed(f"{what} cannot be read as {engine.value}: {error}", error_id=error_id) from error
