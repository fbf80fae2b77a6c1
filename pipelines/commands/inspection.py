"""Looks through a script for what would be different in a Lambda function, and how it would end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pipelines.commands.calls import LONGEST_SECONDS, PYTHON, SHELLS
from pipelines.commands.credentials import credentials_in
from pipelines.commands.findings import Findings, Kind
from pipelines.commands.packages import package_of
from pipelines.commands.programs import is_found, is_found_at
from pipelines.commands.state import Status
from pipelines.commands.syntax import refused_by_bash
from pipelines.commands.walk import Walk

__all__ = ["LONGEST_SECONDS", "inspect"]


def inspect(
    text: str, *, arguments: Sequence[str] = (), staged: Sequence[str] | Mapping[str, str] = ()
) -> Findings:
    """What is in the script ``text``, whose ``$1``, ``$2`` and so on are ``arguments``.

    ``staged`` are the names of the variables that staging sets, with the name of the one file that is in the
    directory of an input, if it is known.
    """
    # What no shell can get: a null character, and halves of characters.
    text = text.replace("\0", "").encode("utf-8", "replace").decode()
    files = dict(staged) if isinstance(staged, Mapping) else dict.fromkeys(staged, "")
    inspection = _Inspection(text, arguments, files)
    inspection.whole(text)
    return inspection.findings


class _Inspection(Walk):
    def whole(self, text: str) -> None:
        """The script in the file that the handler runs."""
        for what, masked in credentials_in(text):
            self.findings.add(Kind.CREDENTIALS, f"{what} ({masked})")
        if text.startswith("#!"):
            line, _, rest = text.partition("\n")
            if not self._shebang(line, rest):
                return
        if problem := refused_by_bash(text):
            self.findings.add(Kind.SYNTAX, problem)
        elif "\r\n" in text:
            self.findings.add(
                Kind.SYNTAX, "its lines end with carriage returns, which are part of words to bash"
            )
        self._ends_with(self.script(text))
        if LONGEST_SECONDS < self.findings.sleeps < math.inf and not any(
            finding.kind is Kind.HOURS for finding in self.findings.found
        ):
            self.findings.add(Kind.HOURS, f"its waiting, {self.findings.sleeps:g} s in all,")
        for name, places in self.assigned.items():
            # What no word of the script uses, a program may read.
            if f"${name}" not in text and f"${{{name}" not in text:
                self.findings.read |= places

    def _ends_with(self, status: Status) -> None:
        if not status:
            return
        for finding in self.expected:
            self.findings.add(finding.kind, finding.what)
        self.findings.programs |= self.looked_for_programs
        explained = any(finding.kind in _EXPLAINS for finding in self.findings.found)
        if not explained and not self.looked_for_programs:
            self.findings.add(Kind.FAILS, f"exit code {status}, whatever happens")

    def _shebang(self, line: str, rest: str) -> bool:
        """Whether the rest is for bash."""
        words = line[2:].split()
        path = words[0] if words else ""
        name = path.rpartition("/")[2]
        if name == "env":
            name = next((word for word in words[1:] if not word.startswith("-")), "")
            if package_of(name) and not is_found(name):
                self._missing(name)
            elif not is_found(name):
                self.findings.add(Kind.INTERPRETER, f"'{name}'")
        elif not is_found_at(path):
            if path.startswith(("/bin/", "/usr/bin/")) and package_of(name):
                self._missing(name)
            else:
                self.findings.add(Kind.INTERPRETER, f"'{path}'")
        if PYTHON.fullmatch(name):
            self._ends_with(self.python(rest))
        if "-e" in words[1:] and name in SHELLS:
            self.options.add("errexit")
        return name in SHELLS


_EXPLAINS = {
    *(Kind.AWS_CLI, Kind.CLUSTER_PROGRAM, Kind.HOST_PATH, Kind.HOST_PROGRAM, Kind.INSTALL, Kind.MODULE),
    *(
        Kind.PATH,
        Kind.REFUSED,
        Kind.NOT_EXECUTABLE,
        Kind.PROFILE,
        Kind.PROGRAM_AT,
        Kind.STAGING,
        Kind.SUDO_OPTION,
        Kind.SYNTAX,
        Kind.UNSET,
    ),
}
"""What makes a program fail, so that nothing more has to be said."""
