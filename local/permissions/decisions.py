"""Records IAM's decisions, one JSON object per line: denials, and which statement allowed which call.

The same decision is written only once.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

Decision = Literal["granted", "allowed", "denied"]
""""granted" is a statement that a role has, whether or not anything needs it."""


DIRECTORY = "LOCAL_AWS_DECISIONS"
"""The environment variable that names the directory for records. Without it, nothing is recorded."""


class Decisions:
    """Appends to ``file``. Whenever the process ends, the file is complete up to then. From any thread."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", buffering=1)
        self._lock = threading.Lock()
        self._written: set[str] = set()

    def note(self, decision: Decision, principal: str, **members: Any) -> None:
        """Write a decision on ``principal``, the name of a role or a service, unless it has been written."""
        line = json.dumps({"decision": decision, "principal": principal, **members}, sort_keys=True)
        with self._lock:
            if line not in self._written:
                self._written.add(line)
                self._file.write(f"{line}\n")


class Denials:
    """Prints each denial once: a missing permission is easier to see here than in what fails without it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: set[str] = set()

    def note(self, decision: str, _principal: str, **members: Any) -> None:
        """Print a decision if it is a new denial."""
        message = members.get("message", "")
        if decision == "denied" and message not in self._said:
            self._said.add(message)
            self._say(f"denied: {message}")


def noting(say: Callable[[str], None], environment: Mapping[str, str] = os.environ) -> Callable[..., None]:
    """A function to call with each decision. It prints denials, and records all if so configured."""
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
    """Read the decisions in a directory: those of one process, by its id, or all."""
    return [
        json.loads(line)
        for file in sorted(directory.glob(f"{name}.jsonl"))
        for line in file.read_text().splitlines()
    ]
