"""What a call of the AWS CLI does: places in S3, and other services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.commands.words import Word

_GLOBAL_WITH_VALUE = {
    *("--region", "--output", "--profile", "--endpoint-url", "--query", "--color", "--ca-bundle"),
    *("--cli-read-timeout", "--cli-connect-timeout"),
}
_S3_FLAGS = {
    *("--case-conflict-ignore", "--debug", "--delete", "--dryrun", "--exact-timestamps", "--follow-symlinks"),
    *("--force", "--force-glacier-transfer", "--guess-mime-type", "--human-readable", "--only-show-errors"),
    *("--ignore-glacier-warnings", "--quiet", "--recursive", "--size-only", "--summarize"),
}
"""Options of ``aws s3`` without a value, with those that begin with ``--no-`` (AWS CLI reference, s3)."""


@dataclass
class AwsCall:
    """A call, as far as it can be read."""

    service: str = ""
    operation: str = ""
    profile: str = ""
    read: list[str] = field(default_factory=list)
    """``s3://`` places, up to the first expansion."""
    write: list[str] = field(default_factory=list)
    delete: list[str] = field(default_factory=list)
    locals_read: list[Word] = field(default_factory=list)
    """Paths that ``aws s3`` reads; and below, that it makes."""
    locals_made: list[Word] = field(default_factory=list)
    recursive: bool = False
    options: dict[str, str | None] = field(default_factory=dict)
    """By name, with dashes; None if the value is not known, empty for a flag."""
    subject: str = ""
    """The word after the operation."""
    lacks_operand: bool = False


def aws_call(words: Sequence[Word]) -> AwsCall:
    """Read the words after ``aws``."""
    call = AwsCall()
    rest: list[Word] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        text = word.literal or word.prefix
        name = text.partition("=")[0]
        if name == "--profile":
            call.profile = text.partition("=")[2] or (waiting[0].shown if waiting else "")
        if text.startswith("--"):
            is_s3 = bool(rest) and rest[0].literal == "s3"
            takes = name in _GLOBAL_WITH_VALUE or (
                is_s3 and name not in _S3_FLAGS and not name.startswith("--no-")
            )
            following = waiting[0] if waiting and not waiting[0].prefix.startswith("--") else None
            call.options[name] = (
                text.partition("=")[2] if "=" in text else "" if following is None else following.literal
            )
            if takes and "=" not in text and waiting:
                waiting.pop(0)
            elif name in {"--bucket", "--key"}:
                rest.append(word)
            continue
        rest.append(word)
    names = [word.literal or "" for word in rest]
    call.service, call.operation, call.subject = (*names, "", "", "")[:3]
    if call.service == "s3":
        _places(call, rest[2:])
        call.recursive = call.operation == "sync" or any(word.literal == "--recursive" for word in words)
        if call.operation == "sync" and any(word.literal == "--delete" for word in words):
            call.delete += call.write
    return call


def _places(call: AwsCall, operands: Sequence[Word]) -> None:
    """Source and target of ``aws s3`` (AWS CLI reference, s3)."""
    places = [operand.prefix for operand in operands]
    known = all(operand.literal is not None for operand in operands)
    call.lacks_operand = call.operation in {"cp", "sync", "mv"} and len(operands) < 2 and known
    source = places[0] if places and places[0].startswith("s3://") else ""
    target = places[1] if len(places) > 1 and places[1].startswith("s3://") else ""
    if call.operation in {"cp", "sync", "mv"} and len(operands) == 2:
        call.locals_read = [] if source or places[0] == "" else [operands[0]]
        call.locals_made = [] if target or places[1] == "" else [operands[1]]
    if call.operation in {"cp", "sync", "mv", "ls", "presign"}:
        call.read += [source] if source else []
        call.write += [target] if target else []
        # sync compares with what the target has.
        call.read += [target] if target and call.operation == "sync" else []
        call.delete += [source] if source and call.operation == "mv" else []
    elif call.operation == "rm":
        call.read += [source] if source else []
        call.delete += [source] if source else []
