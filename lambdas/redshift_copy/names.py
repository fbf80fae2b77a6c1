"""Quotes names and text for SQL on Amazon Redshift, whatever characters they contain."""

from __future__ import annotations

from runner.fields import FieldError, PipelineObject
from sql.jdbc import Engine
from sql.names import POSTGRESQL_QUOTE, quoted
from sql.script import literal


def identifier(name: str) -> str:
    """``name`` in double quotes (Amazon Redshift developer guide, "Names and identifiers")."""
    return quoted(name, POSTGRESQL_QUOTE)


def quoted_text(value: str) -> str:
    """``value`` as a string literal."""
    return literal(value, Engine.REDSHIFT)


def checked_name(owner: PipelineObject, field: str, value: str) -> str:
    """``value``, if it can be a name. Raises FieldError."""
    if not value or "\0" in value:
        raise FieldError(owner.id, field, f"a name is expected, but it is {value!r}")
    return value
