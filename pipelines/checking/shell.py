"""ShellCommandActivity and ShellCommandPrecondition."""

from __future__ import annotations

import re
from pathlib import Path

from data_nodes.s3_uri import S3Uri
from pipelines.checking import places
from pipelines.checking.subject import Subject, common_prefix
from pipelines.checking.verdict import Verdict
from pipelines.commands.findings import Kind
from pipelines.commands.inspection import LONGEST_SECONDS, inspect
from pipelines.reading.source import UNKNOWN
from runner.task import Task
from shell.log_files import NAMES, log_place
from shell.staging import StagedNode, Staging

_S3_ACCESS = "docs/shell-commands.md#what-a-command-may-do-on-aws"
_PRECONDITION_SECONDS = 4 * 60 + 50
"""What shell_command_precondition leaves a command by default."""
_NOT_IN_S3 = re.compile(r"(?!s3[an]?://).+", re.DOTALL)


def check(subject: Subject) -> None:
    """Its script, its staging, and where its output goes."""
    task = subject.task
    staging = Staging()
    with subject.noting("stage"):
        staging = Staging.of(task, Path())
    _staged(subject, staging)
    _output(subject)
    if "command" in task or "scriptUri" not in task:
        with subject.noting("command"):
            _command(subject, task.string("command"), staging)
    else:
        with subject.noting("scriptUri"):
            S3Uri.of_object(task.attempt, "scriptUri")
            places.add(subject, "scriptUri", places.of_field("scriptUri"), subject.needs.read)
            subject.found(Kind.UNREAD, "scriptUri", "what the script in S3 does")
    if subject.needs.read or subject.needs.write:
        subject.say(
            Verdict.SETTINGS,
            _granted_field(task, staging),
            f"app.py has to grant {_shown(subject)}, with s3_access",
            _S3_ACCESS,
        )


def _command(subject: Subject, command: str, staging: Staging) -> None:
    task = subject.task
    arguments = task.strings("scriptArgument")
    staged = {one.variable: _only_file(one) for one in (*staging.inputs, *staging.outputs)}
    findings = inspect(command, arguments=arguments, staged=staged)
    for finding in findings.found:
        subject.found(finding.kind, "command", finding.what)
    other = subject.other
    same = None
    if other is not None:
        text, values = other.string("command", ""), other.strings("scriptArgument")
        same = (
            inspect(text, arguments=values, staged=staged)
            if text != command or values != arguments
            else findings
        )
    for mine, theirs, into in (
        (findings.read, same.read if same else findings.read, subject.needs.read),
        (findings.write, same.write if same else findings.write, subject.needs.write),
    ):
        into.update(_certain(sorted(mine), sorted(theirs)))
    for resource, actions in findings.actions.items():
        subject.needs.actions.setdefault(resource, set()).update(actions)
    subject.needs.programs |= findings.programs
    subject.unknown |= findings.unknown
    subject.needs.layers |= findings.layers
    if any("\\\\" in text for text in (command, *arguments)):
        subject.found(Kind.BACKSLASHES, "command", "")
    _outputs_that_stay_empty(subject, command, staging)
    _time(subject, findings.sleeps)


def _only_file(staged: StagedNode) -> str:
    """The name of the file in an input's directory; empty if it is not known."""
    file = staged.node.file
    if not staged.variable.startswith("INPUT") or staged.node.manifest or file is None:
        return ""
    name = file.key.rpartition("/")[2]
    return "" if UNKNOWN in name or staged.node.gzip else name


def _time(subject: Subject, seconds: float) -> None:
    """What the command waits for certain, against what it is given."""
    task = subject.task
    with subject.noting("attemptTimeout"):
        if "attemptTimeout" in task and seconds > task.duration("attemptTimeout").total_seconds():
            subject.say(
                Verdict.CHANGE,
                "attemptTimeout",
                f"the command sleeps for {seconds:g} s, which is longer",
                "docs/shell-commands.md#how-a-command-ends",
            )
    if task.type == "ShellCommandPrecondition" and _PRECONDITION_SECONDS < seconds <= LONGEST_SECONDS:
        subject.needs.minutes = max(subject.needs.minutes or 0, seconds / 60)
        subject.say(
            Verdict.SETTINGS,
            "command",
            f"it sleeps for {seconds:g} s, and a precondition has 5 minutes: set timeout_minutes in app.py",
            "docs/configuration.md#handlers",
        )


def _certain(mine: list[str], theirs: list[str]) -> set[str]:
    """The prefixes that hold for both runs. Both come from one text, so they correspond in order."""
    if len(mine) != len(theirs):
        return set(mine)
    found = {common_prefix(one, two) for one, two in zip(mine, theirs, strict=True)}
    return {re.sub(r"[*?\[{$].*$", "", place) for place in found if place} - {""}


def _outputs_that_stay_empty(subject: Subject, command: str, staging: Staging) -> None:
    for staged in staging.outputs:
        if staged.node.file is not None and staged.variable not in command:
            subject.say(
                Verdict.CHANGE,
                "output",
                f"the output '{staged.node.id}' has a filePath, so the command has to leave one file in "
                f"${{{staged.variable}}}, which it does not name",
                "docs/shell-commands.md#staging",
            )


def _staged(subject: Subject, staging: Staging) -> None:
    for field, nodes, into in (
        ("input", staging.inputs, subject.needs.read),
        ("output", staging.outputs, subject.needs.write),
    ):
        if nodes:
            places.add_nodes(subject, field, into)
    del staging


def _output(subject: Subject) -> None:
    """``stdout``, ``stderr`` and ``pipelineLogUri``."""
    task = subject.task
    for stream in NAMES:
        with subject.noting(stream):
            if stream in task and _NOT_IN_S3.match(task.string(stream)):
                subject.say(
                    Verdict.RUNS,
                    stream,
                    "a path on the host is ignored: the stream goes to CloudWatch Logs, and to "
                    "pipelineLogUri",
                    "docs/shell-commands.md#output",
                )

            def place(one: Task, stream: str = stream) -> S3Uri | None:
                found = log_place(one, stream)
                return None if found is None or not found.required else found.uri

            places.add(subject, stream, place, subject.needs.write)
    logs = S3Uri.parse(task.string("pipelineLogUri", ""))
    if logs is not None and not all(stream in task for stream in NAMES):
        places.add(subject, "pipelineLogUri", _logs, subject.needs.write)


def _logs(task: Task) -> S3Uri | None:
    found = S3Uri.parse(task.string("pipelineLogUri", ""))
    return None if found is None else found.directory()


def _granted_field(task: Task, staging: Staging) -> str:
    """The field that most of the access is for."""
    nodes: list[tuple[str, list[StagedNode]]] = [
        ("input", list(staging.inputs)),
        ("output", list(staging.outputs)),
    ]
    staged = next((field for field, found in nodes if found), "")
    present = (field for field in ("scriptUri", "stdout", "stderr", "pipelineLogUri") if field in task)
    return staged or next(present, "command")


def _shown(subject: Subject) -> str:
    parts = []
    if subject.needs.read:
        parts.append(f"reading {', '.join(sorted(subject.needs.read))}")
    if subject.needs.write:
        parts.append(f"writing {', '.join(sorted(subject.needs.write))}")
    return " and ".join(parts)
