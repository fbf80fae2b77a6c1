"""A script as the Hive CLI reads it: its statements, with variables in place.

Hive language manual, "Variable substitution", and the Hive CLI: lines that begin with ``--`` are dropped, and
a semicolon ends a statement, in quotes too, unless a backslash comes before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_VARIABLE = re.compile(r"\$\{(?:(hivevar|hiveconf):)?([^}$]+)\}")
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_END = re.compile(r"(?<!\\);")


def statements(script: str) -> Iterator[str]:
    """The statements, without variables replaced."""
    for text in _END.split(_COMMENT.sub("", script)):
        statement = text.replace("\\;", ";").strip()
        if statement:
            yield statement


def substituted(text: str, variables: Mapping[str, str], settings: Mapping[str, str]) -> str:
    """``text`` with the values of variables and settings; what is not known stays as it is."""

    def value(found: re.Match[str]) -> str:
        given = settings if found[1] == "hiveconf" else variables
        return given.get(found[2], found[0])

    for _ in range(40):  # A value may contain a variable.
        replaced = _VARIABLE.sub(value, text)
        if replaced == text:
            return text
        text = replaced
    raise ValueError("Variable substitution depth too large: 40")
