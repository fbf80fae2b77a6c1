"""What the engine asks of the world around it: it only says what is to be done, the service does it."""

from __future__ import annotations

from dataclasses import dataclass

from local.datapipeline.objects import PipelineObject


@dataclass(frozen=True)
class PublishAlarm:
    """An SnsAlarm's evaluated object, and the instance for which it is sent."""

    alarm: PipelineObject
    pipeline_id: str
    instance_id: str


@dataclass(frozen=True)
class CheckPrecondition:
    """A system-managed precondition to evaluate; `attempt_id` names the attempt that waits for the result."""

    precondition: PipelineObject
    pipeline_id: str
    attempt_id: str
    number: int


Effect = PublishAlarm | CheckPrecondition
