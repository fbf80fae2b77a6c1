"""The options of COPY and UNLOAD: from data formats, or as ``commandOptions`` has them.

Amazon Redshift developer guide, COPY ("Data format parameters", "Data conversion parameters") and UNLOAD.
"""

from __future__ import annotations

from collections.abc import Sequence

from redshift_copy.names import text
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed
from sql.jdbc import Engine
from sql.script import keywords

_NAMED = {r"\t": "\t", r"\n": "\n"}
_SEPARATORS = {"CSV": ",", "TSV": "\t"}

_NULL = text(r"\N")

_AUTHORIZATION = {
    "ACCESS_KEY_ID",
    "CREDENTIALS",
    "IAM_ROLE",
    "MASTER_SYMMETRIC_KEY",
    "SECRET_ACCESS_KEY",
    "SESSION_TOKEN",
    "TOKEN",
}


def command_options(activity: PipelineObject) -> list[str]:
    """The values of ``commandOptions``.

    Raises FieldError if one names a role or holds a key: the role is given in app.py, and statements hold no
    secrets. Raises TaskFailed for what is not SQL.
    """
    given = activity.strings("commandOptions")
    words = keywords("\n".join(given), Engine.REDSHIFT)
    if ";" in words:
        raise FieldError(activity.id, "commandOptions", "options of one statement are expected, without ';'")
    if found := sorted(_AUTHORIZATION.intersection(words)):
        raise FieldError(
            activity.id,
            "commandOptions",
            f"{found[0]} cannot be given: copy_role_arn of redshift_copy(...) in app.py is what COPY and "
            "UNLOAD have access with",
        )
    return given


def format_options(named: PipelineObject) -> list[str]:
    """The options for text of a CSV, TSV or Custom object. Raises FieldError, and TaskFailed for another."""
    if named.type not in {"CSV", "TSV", "Custom"}:
        raise TaskFailed(
            f"'{named.id}' is a {named.type}: RedshiftCopyActivity knows CSV, TSV and Custom. For another "
            "format of COPY or UNLOAD leave dataFormat out, and use commandOptions.",
            error_id="UnsupportedFormat",
        )
    if _character(named, "recordSeparator", "\n") != "\n":
        raise FieldError(named.id, "recordSeparator", r"Amazon Redshift knows '\n' alone")
    separator = _character(named, "columnSeparator", _SEPARATORS.get(named.type))
    escape = named.string("escapeChar", "" if named.type == "Custom" else "\\")
    if escape not in {"", "\\"}:
        raise FieldError(named.id, "escapeChar", "Amazon Redshift knows the backslash alone")
    return [f"DELIMITER AS {text(separator)}", *(["ESCAPE"] if escape else [])]


def unload_format_options(named: PipelineObject) -> list[str]:
    """The same for UNLOAD, where an empty text and NULL would both be written as nothing. COPY reads this."""
    options = format_options(named)
    return [*options, f"NULL AS {_NULL}"] if "ESCAPE" in options else options


def combined(own: Sequence[str], given: Sequence[str]) -> list[str]:
    """``given``, after those of ``own`` that it does not name itself: COPY refuses what is said twice."""
    words = set(keywords("\n".join(given), Engine.REDSHIFT))
    return [*(option for option in own if option.split()[0] not in words), *given]


def statement(*lines: str) -> str:
    """One a line, so that a comment at the end of one takes none of the next."""
    return "\n".join(lines)


def _character(named: PipelineObject, field: str, default: str | None) -> str:
    value = named.string(field, default)
    value = _NAMED.get(value, value)
    if len(value) != 1 or not "\0" < value <= "\x7f":
        raise FieldError(named.id, field, f"Amazon Redshift knows one ASCII character, but it is {value!r}")
    return value
