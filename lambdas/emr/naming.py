"""Names by which steps, clusters and job runs are found again.

AddJobFlowSteps and RunJobFlow take no client token. So a launcher that was ended in the middle of a call
finds by its name whether the call was carried out.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from runner.task import Task

_MAX_NAME = 256
"""Service model, XmlStringMaxLen256."""
_UNSAFE = re.compile(r"[^\w .:@-]+")


@dataclass(frozen=True)
class Names:
    """The names for one task. ``instance`` is the same for all attempts of an instance."""

    component: str
    instance: str
    attempt: str

    @classmethod
    def of(cls, task: Task) -> Names:
        """The names; a task that the service hands out again under another id has others."""
        return cls(
            _UNSAFE.sub("_", _component(task))[:150],
            _digest(task.pipeline_id, task.instance_id),
            _digest(task.id, task.attempt_id),
        )

    def step(self, number: int, total: int) -> str:
        """The name of the step ``number``, counted from 1."""
        return f"{self.component} {number}/{total} [{self.instance}.{self.attempt}.{number}]"[-_MAX_NAME:]

    @property
    def cluster(self) -> str:
        """The name of a cluster for this task alone."""
        return f"{self.component} [{self.instance}.{self.attempt}]"[-_MAX_NAME:]

    def is_own(self, name: str) -> bool:
        """Whether a step or cluster has a name of this task."""
        return f"[{self.instance}.{self.attempt}" in name

    def is_of_other_attempt(self, name: str) -> bool:
        """Whether it has a name of another attempt of the same instance."""
        return f"[{self.instance}." in name and not self.is_own(name)


def _component(task: Task) -> str:
    return next(iter(task.attempt.reference_ids("@componentParent")), "") or task.instance_id.lstrip("@")


def _digest(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:16]
