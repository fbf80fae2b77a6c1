"""SQL scripts as text: reads them, splits them into statements, and replaces ``?`` by values.

sqlglot finds the tokens. It knows the quotes and comments of each dialect. It is imported only when needed:
most scripts are sent unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from data_nodes.s3_uri import S3Uri
from runner import clients
from runner.fields import FieldError
from runner.outcome import TaskFailed
from runner.task import Task
from sql.jdbc import Engine
from sql.tokens import tokens_of

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

MAX_BYTES = 16 * 1024 * 1024
"""MySQL servers accept a packet of this size by default, and it fits into little memory."""


def script_of(task: Task) -> str:
    """The text in ``script``, or in the object at ``scriptUri``, where expressions are not evaluated.

    Raises FieldError, and TaskFailed if the object cannot be read, is too large, or is not UTF-8.
    """
    if "script" in task or "scriptUri" not in task:
        return task.string("script")
    uri = S3Uri.of_object(task.attempt, "scriptUri")
    try:
        answer = clients.s3().get_object(Bucket=uri.bucket, Key=uri.key)
        if answer["ContentLength"] > MAX_BYTES:
            raise FieldError(
                task.attempt_id,
                "scriptUri",
                f"'{uri}' has {answer['ContentLength']} bytes, and {MAX_BYTES} are the limit",
            )
        return answer["Body"].read().decode("utf-8-sig")
    except clients.aws_errors() as error:
        raise TaskFailed(
            f"Object '{task.attempt_id}', field 'scriptUri': '{uri}' could not be read: {error}. The handler "
            "may do what `statements` of sql(...) in app.py grant: see s3_access.",
            error_id="ScriptNotRead",
        ) from error
    except UnicodeDecodeError as error:
        raise FieldError(task.attempt_id, "scriptUri", f"'{uri}' is not a text in UTF-8: {error}") from error


def statements(script: str, engine: Engine) -> list[str]:
    """The script's statements, without parts that contain only comments. Raises TaskFailed."""
    from sqlglot.tokenizer_core import TokenType

    found: list[str] = []
    start = None
    for token in _tokens(script, engine):
        if token.token_type is TokenType.SEMICOLON:
            if start is not None:
                found.append(script[start : token.start].strip())
            start = None
        elif start is None:
            start = token.start
    return found if start is None else [*found, script[start:].strip()]


def keywords(text: str, engine: Engine) -> list[str]:
    """The words of a piece of SQL in upper case, without quoted text. Raises TaskFailed."""
    from sqlglot.tokenizer_core import TokenType

    quoted = {TokenType.STRING, TokenType.IDENTIFIER}
    found = [token.text.upper() for token in _tokens(text, engine) if token.token_type not in quoted]
    return [word for token in found for word in token.split()]


def bind(script: str, values: Sequence[str], engine: Engine) -> str:
    """Replace the first ``?`` in the script by the first value as a literal, and so on.

    As in JDBC, a ``?`` in quotes or in a comment does not count, and ``??`` means ``?`` itself, which occurs
    in operators of PostgreSQL. Raises TaskFailed if the numbers of places and values differ.
    """
    parts: list[str] = []
    literals = [literal(value, engine) for value in values]
    count = end = 0
    for place in _question_marks(script, engine):
        if place < end:
            continue
        parts.append(script[end:place])
        if script.startswith("??", place):
            parts.append("?")
            end = place + 2
            continue
        parts.append(literals[count] if count < len(literals) else "?")
        count += 1
        end = place + 1
    if count != len(values):
        raise TaskFailed(
            f"The script has {count} places for a value (?), and scriptArgument has {len(values)} values. A "
            "question mark that is part of an operator is written ??.",
            error_id="ScriptArgumentMismatch",
        )
    return "".join([*parts, script[end:]])


def literal(value: str, engine: Engine) -> str:
    """``value`` as a string literal, whatever characters it contains.

    In MySQL (by default) and Amazon Redshift, a backslash escapes the next character. In PostgreSQL, it does
    so only in E'…'.
    """
    quoted = value.replace("'", "''")
    if "\\" not in value:
        return f"'{quoted}'"
    escaped = quoted.replace("\\", "\\\\")
    return f" E'{escaped}'" if engine is Engine.POSTGRESQL else f"'{escaped}'"


def _question_marks(script: str, engine: Engine) -> Iterator[int]:
    """Where a ``?`` is outside of quotes and comments. Operators that start with one are included."""
    for token in _tokens(script, engine):
        if script.startswith("?", token.start):
            yield from (place for place in range(token.start, token.end + 1) if script.startswith("?", place))


def _tokens(script: str, engine: Engine) -> list[Token]:
    return tokens_of(script, engine, what="The script", error_id="InvalidScript")
