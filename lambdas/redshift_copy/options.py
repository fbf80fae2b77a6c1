"""The options of COPY and UNLOAD that ``commandOptions`` has.

Amazon Redshift developer guide, COPY ("Data format parameters", "Data conversion parameters") and UNLOAD.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from runner.fields import FieldError, PipelineObject
from sql.jdbc import Engine
from sql.script import keywords

_FORMATS = {"AVRO", "CSV", "DELIMITER", "FIXEDWIDTH", "FORMAT", "JSON", "ORC", "PARQUET"}
COPY_FORMATS = frozenset({*_FORMATS, "SHAPEFILE"})
"""With one of these, ``commandOptions`` of COPY say themselves what the files are."""
UNLOAD_FORMATS = frozenset({*_FORMATS, "ADDQUOTES", "ESCAPE"})
"""The same for UNLOAD."""

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


def name_a_format(given: Sequence[str], words: Set[str]) -> bool:
    """Whether options have one of these words, so that they say themselves how text is written."""
    return not words.isdisjoint(keywords("\n".join(given), Engine.REDSHIFT))


def combined(own: Sequence[str], given: Sequence[str]) -> list[str]:
    """``given``, after those of ``own`` that it does not name itself: COPY refuses what is said twice."""
    words = set(keywords("\n".join(given), Engine.REDSHIFT))
    return [*(option for option in own if option.split()[0] not in words), *given]


def statement(*lines: str) -> str:
    """One a line, so that a comment at the end of one takes none of the next."""
    return "\n".join(lines)
