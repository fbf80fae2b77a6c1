"""What was found in a command."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """What kind of thing was found. ``pipelines.checking.advice`` says what each means for the activity."""

    PROGRAM = "program"
    LAYER = "program of a layer"
    PROGRAM_AT = "program at a path"
    CLUSTER_PROGRAM = "program of a cluster"
    HOST_PROGRAM = "program for a host"
    PACKAGE = "package"
    INTERPRETER = "interpreter"
    MODULE = "module of Python"
    HOST_PATH = "path on the host"
    HOST_WRITE = "write on the host"
    METADATA = "metadata of the instance"
    SUDO = "sudo"
    SUDO_OPTION = "option of sudo"
    PROCESS_SUBSTITUTION = "process substitution"
    SYNTAX = "syntax"
    CREDENTIALS = "credentials"
    PROFILE = "profile"
    FAILS = "fails by itself"
    HOURS = "hours"
    STAGING = "staging"
    UNREAD = "not read"
    BACKSLASHES = "backslashes"
    BACKGROUND = "background"
    AWS = "calls to AWS"
    AWS_CLI = "no command of the AWS CLI"
    UNSET = "variable that nothing sets"
    NOT_EXECUTABLE = "not executable"
    PARAMETER = "parameter"
    INPUT = "file of an input"
    PATH = "search path"
    REFUSED = "refused by bash"
    INSTALL = "installation of modules"


@dataclass(frozen=True)
class Finding:
    """One thing that was found. ``what`` completes the sentence of its kind."""

    kind: Kind
    what: str


@dataclass
class Findings:
    """All that was found in a command."""

    found: list[Finding] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    write: set[str] = field(default_factory=set)
    actions: dict[str, set[str]] = field(default_factory=dict)
    """IAM actions by resource; ``*`` if it is not known."""
    programs: set[str] = field(default_factory=set)
    """Programs that are missing."""
    layers: set[str] = field(default_factory=set)
    """Programs at paths where layers put them."""
    unknown: set[str] = field(default_factory=set)
    """Commands of which only what stands for them is known."""
    sleeps: float = 0.0
    """How long it waits for certain, in seconds; or the longest ``sleep`` of those that it may reach."""

    def add(self, kind: Kind, what: str) -> None:
        """Add it, once."""
        if (finding := Finding(kind, what)) not in self.found:
            self.found.append(finding)
