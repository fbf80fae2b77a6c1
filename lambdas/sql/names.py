"""Names in SQL text: qualified, and quoted if necessary."""

from __future__ import annotations

import re

POSTGRESQL_QUOTE = '"'
"""Amazon Redshift uses it as well."""
MYSQL_QUOTE = "`"


def parts(text: str, quote: str) -> list[str]:
    """The names between the dots of ``text``, without quotes; empty if it is not a qualified name."""
    quoted = rf"{quote}(?:[^{quote}]|{quote}{quote})+{quote}"
    part = rf"\s*(?:{quoted}|[^{quote}.\s](?:[^{quote}.]*[^{quote}.\s])?)\s*"
    if not re.fullmatch(rf"{part}(?:\.{part})*", text):
        return []
    return [
        unquoted(found.strip(), quote) for found in re.findall(rf"{quoted}|[^{quote}.]*[^{quote}.\s]", text)
    ]


def unquoted(name: str, quote: str) -> str:
    """``name`` without its quotes, if it has any."""
    if len(name) > 2 and name[0] == name[-1] == quote:
        return name[1:-1].replace(quote * 2, quote)
    return name


def bare(name: str) -> str:
    """``name`` without quotes of either kind."""
    return unquoted(name, name[0]) if name[:1] in {POSTGRESQL_QUOTE, MYSQL_QUOTE} else name


def quoted(name: str, quote: str) -> str:
    """``name`` in quotes."""
    return f"{quote}{name.replace(quote, quote * 2)}{quote}"
