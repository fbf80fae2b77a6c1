"""A record of what IAM decided, one JSON object a line: which statement allowed which call, and denials.

A call that was decided in the same way before is not written again.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

Decision = Literal["granted", "allowed", "denied"]
"""Granted: a statement that a role has, whether or not it is needed."""


DIRECTORY = "LOCAL_AWS_DECISIONS"
"""The environment variable that names the directory in which a record is made."""


class Decisions:
    """Appends to ``file``, which has all that came before whenever the process ends. From any thread."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", buffering=1)
        self._lock = threading.Lock()
        self._written: set[str] = set()

    def note(self, decision: Decision, principal: str, **members: Any) -> None:
        """Write a decision on ``principal``, a role's name or a service's, unless it is there already."""
        line = json.dumps({"decision": decision, "principal": principal, **members}, sort_keys=True)
        with self._lock:
            if line not in self._written:
                self._written.add(line)
                self._file.write(f"{line}\n")


class Denials:
    """Says each denial once: what a role lacks is easier to see here than in what fails for want of it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: set[str] = set()

    def note(self, decision: str, _principal: str, **members: Any) -> None:
        """Say a decision, if it is a denial that was not said before."""
        message = members.get("message", "")
        if decision == "denied" and message not in self._said:
            self._said.add(message)
            self._say(f"denied: {message}")


def noting(say: Callable[[str], None], environment: Mapping[str, str] = os.environ) -> Callable[..., None]:
    """What is to be told each decision: denials are said; all is recorded if the environment asks for it."""
    denials = Denials(say)
    directory = environment.get(DIRECTORY)
    if not directory:
        return denials.note
    decisions = Decisions(Path(directory) / f"{os.getpid()}.jsonl")

    def note(decision: Decision, principal: str, **members: Any) -> None:
        denials.note(decision, principal, **members)
        decisions.note(decision, principal, **members)

    return note


def read(directory: Path, name: str = "*") -> list[Mapping[str, Any]]:
    """The decisions in the records of a directory: of one process, by its id, or of all."""
    return [
        json.loads(line)
        for file in sorted(directory.glob(f"{name}.jsonl"))
        for line in file.read_text().splitlines()
    ]
