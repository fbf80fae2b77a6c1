"""What the engine asks of other AWS services. The engine only describes it; world.py carries it out."""

from __future__ import annotations

from dataclasses import dataclass

from local.datapipeline.objects import PipelineObject


@dataclass(frozen=True)
class PublishAlarm:
    """The evaluated object of an SnsAlarm, and the instance that it is sent for."""

    alarm: PipelineObject
    pipeline_id: str
    instance_id: str


@dataclass(frozen=True)
class CheckPrecondition:
    """A system-managed precondition to evaluate. `attempt_id` names the attempt that waits for the result."""

    precondition: PipelineObject
    pipeline_id: str
    attempt_id: str
    number: int


Effect = PublishAlarm | CheckPrecondition
