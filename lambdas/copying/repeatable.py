"""Whether one INSERT of many records has the same effect as one INSERT per record, which JDBC runs.

An expression in VALUES may read the table, or something that the previous record left in the session. It must
then see the records before its own. So a row is repeated only if its expressions are known to depend on their
arguments alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FUNCTIONS = _set(
    """
    abs ascii btrim cast ceil ceiling char_length character_length coalesce concat concat_ws convert
    curdate current_date current_time current_timestamp curtime date date_add date_format date_sub
    date_trunc decode encode floor from_base64 from_unixtime greatest hex if ifnull initcap instr
    isnull lcase least left length localtime localtimestamp lower lpad ltrim make_date makedate md5
    mod nextval now nullif position power regexp_replace replace reverse right round rpad rtrim sha1
    sha2 sha256 sign split_part str_to_date strpos substr substring substring_index time timestamp
    to_base64 to_char to_date to_number to_timestamp translate trim trunc truncate ucase unhex
    unix_timestamp upper utc_date utc_timestamp values
    """
)
"""They depend only on their arguments and the statement's time. nextval counts records in either case."""

_WORDS = _set(
    """
    and as both case current_date current_time current_timestamp day default div else end false from
    hour in interval is leading like localtime localtimestamp minute mod month not null or second
    then trailing true using utf8 utf8mb4 when year
    """
)
_TYPES = _set(
    """
    bigint binary bit bool boolean bytea char character cidr date datetime decimal double float
    float4 float8 inet int int2 int4 int8 integer interval json jsonb macaddr money nchar numeric
    precision real signed smallint text time timestamp timestamptz timetz tinyint unsigned uuid
    varbit varchar varying with without xml zone
    """
)
_SIGNS = _set(
    """
    ( ) , ? ?? ?:: :: || + - * / % = < > <= >= <> != [ ]
    """
)


def repeatable(query: str, tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether the row of VALUES in ``query[first:last]`` may occur several times in one statement.

    The text before and after it names columns. It must not contain queries or unknown functions.
    """
    for index, token in enumerate(tokens):
        word = query[token.start : token.end + 1].lower()
        inside = first <= token.start < last
        if _is_literal(token) or (word in _SIGNS and (inside or word != "?")):
            continue
        called = query[token.end + 1 :].lstrip().startswith("(")
        if inside:
            known = _TYPES.issuperset(word.split()) or word in (_FUNCTIONS if called else _WORDS)
        else:
            before = tokens[index - 1].text.lower() if index else ""
            is_function = called and token.start >= last and before != "as"
            known = word not in {"select", "table", "@"} and (not is_function or word in _FUNCTIONS)
        if not known:
            return False
    return True


def _is_literal(token: Token) -> bool:
    kind = token.token_type.name
    return kind == "NUMBER" or kind.endswith("STRING")
