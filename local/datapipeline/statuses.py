"""Statuses of instances, attempts and pipelines (Developer Guide, Interpreting Pipeline Status Codes)."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    WAITING_ON_DEPENDENCIES = "WAITING_ON_DEPENDENCIES"
    WAITING_FOR_RUNNER = "WAITING_FOR_RUNNER"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    CASCADE_FAILED = "CASCADE_FAILED"
    CANCELED = "CANCELED"

    @property
    def is_over(self) -> bool:
        return self in _OVER


class PipelineState(StrEnum):
    PENDING = "PENDING"
    SCHEDULED = "SCHEDULED"
    DEACTIVATING = "DEACTIVATING"
    INACTIVE = "INACTIVE"
    FINISHED = "FINISHED"


_OVER = frozenset({Status.FINISHED, Status.FAILED, Status.CASCADE_FAILED, Status.CANCELED})
UNSUCCESSFUL = _OVER - {Status.FINISHED}

_WAITING, _READY, _RUNNING = Status.WAITING_ON_DEPENDENCIES, Status.WAITING_FOR_RUNNER, Status.RUNNING

# An instance waits again between two attempts, and when it is rerun.
INSTANCE_EDGES: frozenset[tuple[Status, Status]] = frozenset(
    {(_WAITING, _READY), (_WAITING, _RUNNING), (_READY, _RUNNING), (_READY, _WAITING), (_RUNNING, _WAITING)}
    | {(_RUNNING, _READY)}
    | {(status, over) for status in (_WAITING, _READY, _RUNNING) for over in _OVER}
    | {(over, _WAITING) for over in _OVER}
    | {(over, Status.FINISHED) for over in UNSUCCESSFUL}
)
# RUNNING to WAITING_FOR_RUNNER: the runner fell silent, or a precondition is not met yet.
ATTEMPT_EDGES: frozenset[tuple[Status, Status]] = frozenset(
    {(_READY, _RUNNING), (_RUNNING, _READY)}
    | {(status, over) for status in (_READY, _RUNNING) for over in _OVER - {Status.CASCADE_FAILED}}
)
