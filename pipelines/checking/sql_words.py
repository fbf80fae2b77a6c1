"""Words with which statements of SQL begin."""

from __future__ import annotations

import re

_STARTS = """
    abort alter analyse analyze append backup begin binlog call change check checkpoint checksum close cluster
    comment commit copy create deallocate declare delete desc describe discard do drop end execute explain
    fetch flush get grant handler help if import insert install kill listen load lock merge move notify
    optimize prepare purge reassign refresh reindex release rename repair replace reset resignal restore
    revoke rollback savepoint security select set show signal start table truncate unlisten uninstall unload
    unlock update use vacuum values with xa
"""
"""PostgreSQL, MySQL, MariaDB and Amazon Redshift: the commands in their references."""
_KNOWN = frozenset(_STARTS.split())
_COMMENT = re.compile(r"\s*(--[^\n]*(\n|$)|#[^\n]*(\n|$)|/\*(?![!+]).*?\*/)", re.DOTALL)
_WORD = re.compile(r"[\s(]*([A-Za-z_]\w*)")


def unknown_start(statement: str) -> str:
    """The first word of a statement, if none of SQL begins with it; else empty."""
    while found := _COMMENT.match(statement):
        statement = statement[found.end() :]
    word = _WORD.match(statement)
    return word[1] if word and word[1].lower() not in _KNOWN else ""
