"""How far a task has come: the state of its deferrals."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from runner.outcome import Deferred
from runner.versions import known_state, versioned

_SOON, _LATEST = 10, 120


@dataclass
class Progress:
    """What the next invocation has to know."""

    cluster: str = ""
    """The cluster's id, or empty if it is not known yet."""
    number: int = 1
    """The number of the step that runs or comes next, counted from 1."""
    total: int = 0
    """How many steps there are; 0 before the first one is added."""
    step: str = ""
    """The id of the step ``number``; empty if it has not been added."""
    what: str = ""
    """What this step is, for people."""
    looks: int = 0
    """How often this was looked at and was still so."""
    ended_clusters: int = 0
    """How many shared clusters have ended before they took the first step."""
    log_looks: int = 0
    """How often the log of a failed step was looked for."""
    cancels: int = 0
    """How often cancellation was asked for."""
    settled: bool = False
    """Whether what canceled steps have left was given the time to end."""
    end: dict[str, str] | None = None
    """How the task ends, once its cluster is terminated: with this errorId and message, or with neither."""

    @classmethod
    def of(cls, state: Any) -> Progress:
        """From the state of the last deferral; None is the beginning. Raises TaskFailed for a later version.

        A member that it does not know is one that a later release needs, and this one does not.
        """
        given = known_state(state or {})
        return cls(**{name: given[name] for name in cls.__dataclass_fields__ if name in given})

    def deferred(self, seconds: int | None = None) -> Deferred:
        """Look again: soon at first, and then less often, so that days fit into an execution's history."""
        wait = min(_LATEST, _SOON + 5 * self.looks) if seconds is None else seconds
        self.looks += 1
        return Deferred(versioned({name: value for name, value in asdict(self).items() if value}), wait)
