"""HiveQL: names and text, quoted in one place, and the types of columns.

Hive language manual, DDL and types. The Hive CLI splits a script at each semicolon, in quotes too, drops
lines that begin with ``--``, and replaces ``${…}`` before it parses a statement. So text has none of these
characters: they are written as octal escapes, which Hive reads in literals.
"""

from __future__ import annotations

import re

from data_formats.columns import Columns
from runner.fields import FieldError, PipelineObject

_PLAIN = re.compile(r"[A-Za-z0-9 _./:=+,@-]")
_NAME = re.compile(r"[^\x00-\x1f\x7f`;,.:$/\\]{1,128}")
"""Not what Hive's metastore, a column mapping, or the CLI would take for something else."""
_TYPES = {"INTEGER": "INT", "TEXT": "STRING", "NUMERIC": "DECIMAL", "DEC": "DECIMAL", "BOOL": "BOOLEAN"} | {
    "DOUBLE PRECISION": "DOUBLE",
    "REAL": "FLOAT",
}
_KNOWN = {"STRING", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN"} | {
    "VARCHAR",
    "CHAR",
    "DATE",
    "TIMESTAMP",
    "BINARY",
}


def text(value: str) -> str:
    """``value`` as a string literal, on one line."""
    return f"'{''.join(map(_character, value))}'"


def name(owner: str, field: str, value: str) -> str:
    """``value`` in backticks. Raises FieldError if it cannot be a name in Hive."""
    if not _NAME.fullmatch(value) or value != value.strip():
        problem = (
            f"{value!r} cannot be a name in Hive: it has 1 to 128 characters, no control characters, none of "
            "` ; , . : $ / \\, and no blank at its ends"
        )
        raise FieldError(owner, field, problem)
    return f"`{value}`"


def columns_of(owner: PipelineObject, field: str = "column") -> list[tuple[str, str]]:
    """The unquoted names and the Hive types of the columns that ``field`` lists. Raises FieldError."""
    listed = PipelineObject(owner.id, owner.name, {"column": tuple(owner.strings(field))}, {})
    try:
        described = Columns.of(listed)
    except FieldError as error:
        raise FieldError(owner.id, field, str(error).partition("': ")[2]) from error
    columns = []
    for given, kind in zip(described.names, described.types, strict=True):
        base, parenthesis, size = kind.partition("(")
        hive = _TYPES.get(base, base)
        if hive not in _KNOWN:
            raise FieldError(owner.id, field, f"Hive has no type {kind}")
        columns.append((_unquoted(given), hive + parenthesis + size))
    return columns


def _unquoted(given: str) -> str:
    quote = given[0]
    return given[1:-1].replace(quote * 2, quote) if quote in '"`' and len(given) > 1 else given


def _character(character: str) -> str:
    if _PLAIN.fullmatch(character) or character > "\x7f":
        return character
    return f"\\{ord(character):03o}"
