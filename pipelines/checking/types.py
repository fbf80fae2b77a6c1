"""The one table of types of activities and preconditions: what runs each, or what to say if nothing does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.checking.verdict import Verdict

_OWN_HANDLER = "docs/writing-handlers.md"


@dataclass(frozen=True)
class TypeAdvice:
    """What happens to tasks of a type."""

    verdict: Verdict
    """At best."""
    message: str = ""
    page: str = ""
    handler: str = ""
    """The function of infra.handlers that makes its handler; empty if there is none."""
    is_deployed: bool = False
    """Whether the unedited app.py has its handler."""


def _built_in(handler: str, page: str, *, is_deployed: bool = False) -> TypeAdvice:
    return TypeAdvice(
        Verdict.RUNS if is_deployed else Verdict.SETTINGS,
        "" if is_deployed else f"app.py has to register {handler}(...) for it",
        page,
        handler,
        is_deployed,
    )


_BY_THE_SERVICE = TypeAdvice(
    Verdict.RUNS, "the service itself checks it, with its own role", "docs/moving-from-task-runner.md"
)

TYPES: Mapping[str, TypeAdvice] = {
    "ShellCommandActivity": _built_in("shell_command", "docs/shell-commands.md", is_deployed=True),
    "ShellCommandPrecondition": _built_in(
        "shell_command_precondition",
        "docs/shell-commands.md#shellcommandprecondition-and-exists",
        is_deployed=True,
    ),
    "Exists": _built_in(
        "exists", "docs/shell-commands.md#shellcommandprecondition-and-exists", is_deployed=True
    ),
    "SqlActivity": _built_in("sql", "docs/sql-activity.md"),
    "CopyActivity": _built_in("copy", "docs/copy-activity.md"),
    "RedshiftCopyActivity": _built_in("redshift_copy", "docs/redshift-copy-activity.md"),
    "EmrActivity": _built_in("emr", "docs/emr.md#emractivity"),
    "HadoopActivity": _built_in("emr", "docs/emr.md#hadoopactivity"),
    "HiveActivity": _built_in("emr", "docs/emr.md#hiveactivity"),
    "HiveCopyActivity": _built_in("emr", "docs/emr.md#hivecopyactivity"),
    "PigActivity": _built_in("emr", "docs/emr.md#pigactivity"),
    "S3KeyExists": _BY_THE_SERVICE,
    "S3PrefixNotEmpty": _BY_THE_SERVICE,
    "DynamoDBDataExists": _BY_THE_SERVICE,
    "DynamoDBTableExists": _BY_THE_SERVICE,
}


def advice_for(type_name: str) -> TypeAdvice:
    """What the table says; of a type that AWS does not know, that nothing runs it."""
    found = TYPES.get(type_name)
    if found is not None:
        return found
    return TypeAdvice(
        Verdict.IMPOSSIBLE,
        f"'{type_name}' is no activity or precondition of AWS Data Pipeline, and no handler here runs it",
        _OWN_HANDLER,
    )
