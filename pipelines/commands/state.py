"""What is known at a place in a script: its files, its variables, its options; and what was found so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy

from pipelines.commands.files import START, Files, absolute
from pipelines.commands.findings import Finding, Findings, Kind
from pipelines.commands.variables import Variables
from pipelines.commands.words import Item, Word

Status = int | None
"""An exit status; None if only running tells."""

_CAN_BE_EXPECTED = {
    *(Kind.CLUSTER_PROGRAM, Kind.HOST_PATH, Kind.HOST_PROGRAM, Kind.METADATA),
    *(
        Kind.INSTALL,
        Kind.MODULE,
        Kind.PATH,
        Kind.NOT_EXECUTABLE,
        Kind.PROFILE,
        Kind.PROGRAM_AT,
        Kind.UNSET,
        Kind.AWS_CLI,
    ),
}
"""What a script may be ready for, in a condition or before ``||``."""


class State:
    """``certain``: whether this place is reached for certain. ``guards``: how many expect a failure."""

    def __init__(self, text: str, arguments: Sequence[str], staged: Mapping[str, str]) -> None:
        self.findings = Findings()
        self.files = Files()
        self.variables = Variables(text, staged=frozenset(staged))
        self.variables.set_arguments(arguments)
        self._places = {START: "~"}
        for name, file in staged.items():
            place = f"{START.rpartition('/')[0]}/{name}"
            self._places[place] = f"${{{name}}}"
            self.variables.values[name] = place
            self.files.directories.add(place)
            if file:
                self.files.made[f"{place}/{file}"] = None
            elif name.startswith("IN"):
                self.files.fetched.add(place)
        self.inputs = [place for place, name in self._places.items() if name.startswith("${IN")]
        """Directories of staged files, none of which is executable."""
        self.directory: str | None = START
        self.options: set[str] = set()
        self.functions: dict[str, list[Item]] = {}
        self.profiles: set[str] = set()
        """Profiles of the AWS CLI that the script makes; ``*`` if it writes their file."""
        self.at_error = ""
        """What ``trap … ERR`` runs."""
        self.at_exit = ""
        """What ``trap … EXIT`` runs."""
        self.trapped: list[str] = []
        """What ``trap`` runs at other signals, or at errors."""
        self.leaving: list[Status] = []
        """With which status the shell ends whose EXIT trap runs."""
        self.aside = 0
        """How many pipelines, jobs in the background and time limits are around this place."""
        self.limited = 0
        """How many of them something may end: all but the pipelines."""
        self.jobs: dict[str, Status] = {}
        """How jobs in the background end, by what stands for their process."""
        self.jobs_end: dict[str, float] = {}
        """And after how much waiting, in seconds."""
        self.last: Status = 0
        self.ended = False
        """Whether this shell has ended."""
        self.returned = False
        self.may_have_ended: list[Status] = []
        """With which statuses it may have ended before."""
        self.copied: set[str] = set()
        """Files of which it is not known whether they can be executed."""
        self.certain = True
        self.guards = 0
        self.expected: list[Finding] = []
        """What was found where the script is ready for it."""
        self.looked_for: set[str] = set()
        self.looked_for_programs: set[str] = set()

    def note(self, kind: Kind, what: str) -> None:
        """Add a finding, or keep it until it is known whether it makes the script fail."""
        what = self.shown(what)
        if self.guards and kind in _CAN_BE_EXPECTED:
            self.expected.append(Finding(kind, what))
        else:
            self.findings.add(kind, what)

    def shown(self, text: str) -> str:
        """Text without the paths that stand for directories whose names only running tells."""
        for place, name in self._places.items():
            text = text.replace(place, name)
        return text

    def path(self, word: Word) -> str | None:
        """The absolute path that a word with known variables means; None if it is not known."""
        text = word.literal
        if (
            not text
            or text == "-"
            or (len(word.parts) == 1 and word.parts[0].quoted and text.startswith("~"))
        ):
            return None
        return absolute(text, self.directory)

    def slept(self, seconds: float) -> None:
        """So long it has waited up to here."""
        self.findings.sleeps = max(self.findings.sleeps, seconds)

    def end(self, status: Status) -> None:
        """``exit``."""
        if self.certain:
            self.ended, self.last = True, status
        else:
            self.may_have_ended.append(status)

    def outcome(self, status: Status) -> Status:
        """The status of a shell that comes to its end with ``status``."""
        if status and all(self.may_have_ended):
            return status
        return status if not self.may_have_ended else None

    @contextmanager
    def subshell(self, *, certain: bool = True) -> Iterator[None]:
        """A block whose directory, variables and end are its own."""
        kept = (self.directory, self.variables, self.options, self.ended, self.returned, self.may_have_ended)
        was_certain, traps = self.certain, (self.at_error, self.at_exit, self.trapped)
        self.at_error, self.at_exit, self.trapped = "", "", []  # Subshells do not inherit them.
        self.variables = copy(self.variables)
        self.variables.values = dict(self.variables.values)
        self.variables.fixed = set(self.variables.fixed)
        self.options, self.may_have_ended = set(self.options), []
        self.certain = certain and was_certain
        try:
            yield
        finally:
            self.directory, self.variables, self.options, self.ended, self.returned, self.may_have_ended = (
                kept
            )
            self.certain = was_certain
            self.at_error, self.at_exit, self.trapped = traps

    @contextmanager
    def perhaps(self, doubtful: bool = True, *, guarded: bool = False) -> Iterator[None]:
        """A block that only may be reached, or whose failure the script expects."""
        was_certain, directory = self.certain, self.directory
        self.certain = was_certain and not doubtful
        self.guards += guarded
        try:
            yield
        finally:
            self.guards -= guarded
            if doubtful and self.directory != directory:
                self.directory = None
            self.certain = was_certain
