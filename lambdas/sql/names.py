"""Names as SQL text has them: qualified, and quoted where they need it."""

from __future__ import annotations

import re

POSTGRESQL_QUOTE = '"'
"""Also Amazon Redshift's."""
MYSQL_QUOTE = "`"


def parts(text: str, quote: str) -> list[str]:
    """The names between the dots of ``text``, without their quotes; none if it is not of that form."""
    quoted = rf"{quote}(?:[^{quote}]|{quote}{quote})+{quote}"
    part = rf"\s*(?:{quoted}|[^{quote}.\s](?:[^{quote}.]*[^{quote}.\s])?)\s*"
    if not re.fullmatch(rf"{part}(?:\.{part})*", text):
        return []
    return [
        unquoted(found.strip(), quote) for found in re.findall(rf"{quoted}|[^{quote}.]*[^{quote}.\s]", text)
    ]


def unquoted(name: str, quote: str) -> str:
    """What is in the quotes of ``name``; the name itself if it has none."""
    if len(name) > 2 and name[0] == name[-1] == quote:
        return name[1:-1].replace(quote * 2, quote)
    return name


def bare(name: str) -> str:
    """The name without quotes of either kind."""
    return unquoted(name, name[0]) if name[:1] in {POSTGRESQL_QUOTE, MYSQL_QUOTE} else name


def quoted(name: str, quote: str) -> str:
    """The name in quotes."""
    return f"{quote}{name.replace(quote, quote * 2)}{quote}"
