"""What each thing that can be found means: the one table of verdicts, sentences and pages.

A new way to run something, such as another kind of compute, changes rows here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.checking.verdict import Verdict
from pipelines.commands.findings import Kind

_SHELL = "docs/shell-commands.md"
_MOVING = "docs/moving-from-task-runner.md"

PROGRAMS = f"{_SHELL}#adding-programs"
S3_ACCESS = f"{_SHELL}#what-a-command-may-do-on-aws"


@dataclass(frozen=True)
class Advice:
    """What a finding asks for. ``{}`` in ``message`` is what was found."""

    verdict: Verdict
    message: str
    page: str


COMMANDS: Mapping[Kind, Advice] = {
    Kind.PROGRAM: Advice(
        Verdict.SETTINGS,
        "it calls {}, which a Lambda function lacks: run the handler in a container that has it "
        "(compute=Container(...)), or bring it in a layer, for arm64",
        "docs/containers.md#images",
    ),
    Kind.LAYER: Advice(
        Verdict.SETTINGS,
        "it needs {}: bring it in a layer, for arm64 (layers=[...])",
        PROGRAMS,
    ),
    Kind.PROGRAM_AT: Advice(
        Verdict.CHANGE,
        "it calls {}, which is not there: call a program by its name alone, and bring it in a layer if "
        "need be",
        f"{_SHELL}#the-environment-of-a-command",
    ),
    Kind.CLUSTER_PROGRAM: Advice(
        Verdict.CHANGE,
        "it calls {}, which works with a cluster of Amazon EMR: make it an EmrActivity with the step "
        "command-runner.jar,bash,-c,… on its cluster",
        "docs/emr.md#emractivity",
    ),
    Kind.HOST_PROGRAM: Advice(
        Verdict.CHANGE,
        "it calls {}, which changes a host that a function does not have, and needs root's rights: leave "
        "it out",
        f"{_SHELL}#the-environment-of-a-command",
    ),
    Kind.PACKAGE: Advice(
        Verdict.SETTINGS,
        "it installs packages, which a function cannot: run the handler in a container "
        "(compute=Container(...)). {}",
        "docs/containers.md#commands",
    ),
    Kind.INTERPRETER: Advice(
        Verdict.CHANGE,
        "its first line names {}, which a function has not: name bash or, with env, a program that is there",
        f"{_SHELL}#the-environment-of-a-command",
    ),
    Kind.MODULE: Advice(
        Verdict.CHANGE,
        "Python has no module {} here: bring it in a layer, and write export PYTHONPATH=/opt/python in "
        "the command",
        PROGRAMS,
    ),
    Kind.HOST_PATH: Advice(
        Verdict.CHANGE,
        "it needs {}: a function has none of a host's files. Keep it in S3 and stage it, or bring it in a "
        "layer",
        f"{_SHELL}#staging",
    ),
    Kind.HOST_WRITE: Advice(
        Verdict.SETTINGS,
        "it writes to {}: a function can write to its own directory and to /tmp only. Run the handler in a "
        "container (compute=Container(...)), whose files end with it",
        "docs/containers.md#commands",
    ),
    Kind.METADATA: Advice(
        Verdict.CHANGE,
        "it asks an EC2 instance for its metadata ({}): a function has none. Credentials and the region "
        "are in "
        "its variables",
        f"{_SHELL}#the-environment-of-a-command",
    ),
    Kind.SUDO: Advice(
        Verdict.RUNS,
        "sudo runs the rest of its line as the one user that a function has, without root's rights; in a "
        "container it is root",
        f"{_SHELL}#sudo-yum-dnf-and-find",
    ),
    Kind.SUDO_OPTION: Advice(
        Verdict.CHANGE, "sudo refuses the option {} here", f"{_SHELL}#sudo-yum-dnf-and-find"
    ),
    Kind.PROCESS_SUBSTITUTION: Advice(
        Verdict.SETTINGS,
        "it has a process substitution, <(…) or >(…), for which Lambda lacks /dev/fd: use files instead, or "
        "run the handler in a container (compute=Container(...))",
        f"{_SHELL}#the-environment-of-a-command",
    ),
    Kind.SYNTAX: Advice(Verdict.CHANGE, "it cannot be read: {}", f"{_SHELL}#shellcommandactivity"),
    Kind.CREDENTIALS: Advice(
        Verdict.RUNS,
        "it holds {}, which everybody who may read the pipeline can see: grant the role what it needs, or "
        "read "
        "the secret from AWS Secrets Manager",
        "docs/security.md",
    ),
    Kind.PROFILE: Advice(
        Verdict.CHANGE,
        "it uses the profile {}, and a function has no ~/.aws: leave it out, and grant the "
        "command role what the profile may do",
        S3_ACCESS,
    ),
    Kind.FAILS: Advice(
        Verdict.CHANGE,
        "the command itself ends with {}, here as with AWS's runner",
        f"{_SHELL}#how-a-command-ends",
    ),
    Kind.HOURS: Advice(
        Verdict.SETTINGS,
        "{} takes longer than the 14 min 50 s that a function has: run the handler in a container "
        "(compute=Container(...))",
        "docs/containers.md#which-one",
    ),
    Kind.STAGING: Advice(
        Verdict.CHANGE,
        "it uses {}, which is not set: that takes 'stage': 'true', and an S3DataNode with that number",
        f"{_SHELL}#staging",
    ),
    Kind.UNREAD: Advice(
        Verdict.RUNS,
        "the definition does not tell {}: look through it for programs and paths yourself",
        f"{_SHELL}#the-environment-of-a-command",
    ),
    Kind.BACKSLASHES: Advice(
        Verdict.RUNS,
        "it holds two backslashes in a row, of which AWS's runner may have removed one: compare",
        f"{_MOVING}#doubled-backslashes",
    ),
    Kind.BACKGROUND: Advice(
        Verdict.RUNS, "processes that it leaves running are ended with it", f"{_SHELL}#how-a-command-ends"
    ),
    Kind.AWS: Advice(
        Verdict.SETTINGS, "it calls {}: app.py has to grant that to the command role", S3_ACCESS
    ),
    Kind.AWS_CLI: Advice(
        Verdict.CHANGE, "the AWS CLI has no command {}", f"{_SHELL}#the-environment-of-a-command"
    ),
    Kind.UNSET: Advice(
        Verdict.CHANGE,
        "it needs the variable in {}: set it in the command, or with environment={{...}} in app.py",
        f"{_SHELL}#the-environment-of-a-command",
    ),
    Kind.NOT_EXECUTABLE: Advice(
        Verdict.CHANGE,
        "it runs {}, which nothing makes executable: give it to bash, or call chmod first",
        f"{_SHELL}#staging",
    ),
    Kind.INPUT: Advice(
        Verdict.RUNS,
        "the definition does not tell whether {} is among the files of the input: the command needs it",
        f"{_SHELL}#staging",
    ),
    Kind.PATH: Advice(
        Verdict.CHANGE,
        "its PATH does not lead to {} any more: write PATH=…:$PATH, as some programs are only "
        "where the PATH leads that a command starts with",
        f"{_SHELL}#the-environment-of-a-command",
    ),
    Kind.REFUSED: Advice(
        Verdict.CHANGE,
        "bash refuses {}, and may leave out the rest of the line",
        f"{_SHELL}#how-a-command-ends",
    ),
    Kind.INSTALL: Advice(
        Verdict.CHANGE,
        "{} cannot install modules of Python here: bring them in a layer, and write "
        "export PYTHONPATH=/opt/python in the command",
        PROGRAMS,
    ),
    Kind.PARAMETER: Advice(Verdict.RUNS, "{}", f"{_SHELL}#shellcommandactivity"),
}

IN_CONTAINER = frozenset({Kind.HOURS, Kind.HOST_WRITE, Kind.PACKAGE, Kind.PROCESS_SUBSTITUTION, Kind.PROGRAM})
"""What app.py answers with ``compute=Container(...)``."""

HANDLER_ERRORS: Mapping[str, Advice] = {
    "UnsupportedDatabase": Advice(Verdict.IMPOSSIBLE, "{}", "docs/sql-activity.md#databases"),
    "UnsupportedNode": Advice(Verdict.IMPOSSIBLE, "{}", ""),
    "UnsupportedCopy": Advice(Verdict.IMPOSSIBLE, "{}", ""),
    "UnsupportedFormat": Advice(Verdict.IMPOSSIBLE, "{}", ""),
}
"""By the errorId with which a handler refuses a task. Everything else that it refuses can be changed.

Without a page, that of the type is meant.
"""
