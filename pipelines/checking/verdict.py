"""What is said of an activity: a verdict, its reasons, and what its handler needs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from pipelines.checking.emr_cluster import ClusterNeeds


class Verdict(IntEnum):
    """From best to worst. An activity has the worst that one of its reasons asks for."""

    RUNS = 0
    SETTINGS = 1
    CHANGE = 2
    IMPOSSIBLE = 3

    @property
    def word(self) -> str:
        """As ``--json`` has it."""
        return self.name.lower()


@dataclass(frozen=True)
class Reason:
    """Why. ``asks_for`` RUNS makes it a remark, which changes nothing."""

    asks_for: Verdict
    field: str
    message: str
    page: str
    """A page of this repository, with the section."""


@dataclass(frozen=True, order=True)
class Login:
    """A login whose password a definition holds."""

    database: str
    """The id of the database object, which another pipeline may use for another database."""
    user: str
    place: str


@dataclass
class Needs:
    """What an activity's handler needs in app.py."""

    route: str = ""
    """What its handler is registered under; empty if there is none."""
    read: set[str] = field(default_factory=set)
    """``s3://`` prefixes."""
    write: set[str] = field(default_factory=set)
    copy_role: set[str] = field(default_factory=set)
    """``s3://`` prefixes, and DynamoDB tables, that Amazon Redshift itself reads or writes."""
    secrets: set[str] = field(default_factory=set)
    """ARNs of secrets that exist."""
    passwords: set[Login] = field(default_factory=set)
    """Of database objects with ``*password``, for which a secret can be created."""
    rds_instances: set[str] = field(default_factory=set)
    redshift: set[str] = field(default_factory=set)
    actions: dict[str, set[str]] = field(default_factory=dict)
    """IAM actions, by the resource that they are for; ``*`` if it is not known."""
    clusters: dict[str, ClusterNeeds] = field(default_factory=dict)
    """By the id of an EmrCluster."""
    programs: set[str] = field(default_factory=set)
    """Programs that a function lacks, and packages of a container bring."""
    layers: set[str] = field(default_factory=set)
    """Programs at paths where a layer has to bring them."""
    subnets: set[str] = field(default_factory=set)
    security_groups: set[str] = field(default_factory=set)
    reaches_database: bool = False
    minutes: float | None = None
    """How long the longest of the last runs took."""
    in_container: bool = False
    """Whether it needs what no function has: more time, packages, programs."""
    continuous: bool = False
    """Whether it must start within seconds."""

    def include(self, other: Needs) -> None:
        """Add what another activity of the same handler needs."""
        for name in ("read", "write", "copy_role", "secrets", "passwords", "rds_instances", "redshift"):
            getattr(self, name).update(getattr(other, name))
        self.programs |= other.programs
        self.layers |= other.layers
        self.subnets |= other.subnets
        self.security_groups |= other.security_groups
        self.reaches_database |= other.reaches_database
        self.in_container |= other.in_container
        self.minutes = max((m for m in (self.minutes, other.minutes) if m is not None), default=None)
        for cluster, needed in other.clusters.items():
            uses, number = 0, 1
            name = cluster
            while name in self.clusters:
                if self.clusters[name].settings == needed.settings:
                    uses = self.clusters[name].uses
                    break
                number += 1
                name = f"{cluster} {number}"  # One of the same id, in another pipeline.
            self.clusters[name] = replace(needed, uses=uses + needed.uses)
        for resource, actions in other.actions.items():
            self.actions.setdefault(resource, set()).update(actions)


@dataclass(frozen=True)
class ActivityVerdict:
    """The verdict on one activity or precondition."""

    id: str
    type: str
    reasons: tuple[Reason, ...]
    needs: Needs

    @property
    def verdict(self) -> Verdict:
        """The worst that a reason asks for."""
        return max((reason.asks_for for reason in self.reasons), default=Verdict.RUNS)

    def as_json(self) -> dict[str, Any]:
        """Its entry in ``--json``."""
        return {
            "id": self.id,
            "type": self.type,
            "verdict": self.verdict.word,
            "reasons": [
                {"field": reason.field, "message": reason.message, "page": reason.page}
                for reason in self.reasons
            ],
        }


@dataclass(frozen=True)
class PipelineVerdict:
    """The verdicts on a pipeline."""

    source: str
    activities: tuple[ActivityVerdict, ...]
    worker_groups: tuple[str, ...] = ()
    """Those that its activities name."""
    unread: tuple[str, ...] = ()
    """A line for each activity whose work the definition does not tell, so that there is no verdict on it."""

    def as_json(self) -> dict[str, Any]:
        """Its entry in ``--json``."""
        return {"source": self.source, "activities": [found.as_json() for found in self.activities]}
