"""COPY and UNLOAD with their options: those that follow from the nodes, and ``commandOptions``.

Amazon Redshift developer guide, COPY ("Data format parameters", "Data conversion parameters") and UNLOAD.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from redshift_copy.names import quoted_text
from runner.fields import FieldError, PipelineObject
from sql.jdbc import Engine
from sql.script import keywords

_FORMATS = {"AVRO", "CSV", "DELIMITER", "FIXEDWIDTH", "FORMAT", "JSON", "ORC", "PARQUET"}
COPY_FORMATS = frozenset({*_FORMATS, "SHAPEFILE"})
"""If ``commandOptions`` contain one of these, they determine the format of the files that COPY reads."""
UNLOAD_FORMATS = frozenset({*_FORMATS, "ADDQUOTES", "ESCAPE"})
"""If ``commandOptions`` contain one of these, they determine the format of the files that UNLOAD writes."""

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

    Raises FieldError if one names a role or contains a key: app.py sets the role, and statements must not
    contain secrets. Raises TaskFailed if they are not SQL.
    """
    given = activity.strings("commandOptions")
    words = option_words(given)
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


def option_words(options: Sequence[str]) -> Set[str]:
    """The keywords in the options. Raises TaskFailed if they are not SQL."""
    return set(keywords("\n".join(options), Engine.REDSHIFT))


def merged(own: Sequence[str], given: Sequence[str]) -> list[str]:
    """``own`` without the options that ``given`` names as well, then ``given``.

    COPY refuses an option that occurs twice.
    """
    words = option_words(given)
    return [*(option for option in own if option.split()[0] not in words), *given]


def command(*clauses: str, role: str, own: Sequence[str], given: Sequence[str]) -> str:
    """COPY or UNLOAD: the clauses, the role, and the merged options.

    Each is on a separate line, so that a comment at the end of one does not hide the next.
    """
    return "\n".join([*clauses, f"IAM_ROLE {quoted_text(role)}", *merged(own, given)])
