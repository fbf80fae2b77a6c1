"""What is kept of verdicts once they are printed: a region may have thousands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pipelines.checking.verdict import Needs, PipelineVerdict, Verdict


@dataclass
class Summary:
    """Counts, and what the handlers need together."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    pipelines: int = 0
    unread: int = 0
    """Files, pipelines and activities that could not be read."""
    worker_groups: set[str] = field(default_factory=set)
    routes: dict[str, Needs] = field(default_factory=dict)
    """By route, in the order in which they were met: one function serves all activities of a route."""
    continuous: bool = False

    def add(self, pipeline: PipelineVerdict) -> None:
        """Count a pipeline in."""
        self.pipelines += 1
        self.worker_groups.update(pipeline.worker_groups)
        for found in pipeline.activities:
            self.verdicts[found.verdict] += 1
            if found.needs.route:
                self.routes.setdefault(found.needs.route, Needs(found.needs.route)).include(found.needs)
                self.continuous = self.continuous or found.needs.continuous

    @property
    def worst(self) -> Verdict:
        """The worst verdict; RUNS of none."""
        return max(self.verdicts, default=Verdict.RUNS)

    @property
    def share(self) -> float:
        """The part of all that were read which run as they are, or with settings.

        1.0 of none; 0.0 if there were some, and none could be read.
        """
        total = self.verdicts.total()
        running = self.verdicts[Verdict.RUNS] + self.verdicts[Verdict.SETTINGS]
        return round(running / total, 4) if total else float(not self.unread)
