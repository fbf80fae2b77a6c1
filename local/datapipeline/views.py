"""Components, instances and attempts as pipeline objects, with the fields that the service sets (`@…`).

Developer Guide, the runtime and system fields of each object; API Reference, the sample of PollForTask.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from local.datapipeline.model import Attempt, Failure, Instance, Pipeline
from local.datapipeline.objects import Field, PipelineObject, ref
from local.datapipeline.scopes import ObjectScope
from local.datapipeline.statuses import Status
from local.datapipeline.timestamps import format_timestamp

_INSTANCE_OWN = frozenset({"parent"})


def find_object(pipeline: Pipeline, object_id: str) -> PipelineObject | None:
    """The object with this id in any sphere; None if there is none."""
    instance_id, separator, number = object_id.rpartition("_Attempt=")
    if separator and instance_id in pipeline.instances:
        instance = pipeline.instances[instance_id]
        found = next((a for a in instance.attempts if str(a.number) == number), None)
        return None if found is None else attempt_object(instance, found)
    if object_id in pipeline.instances:
        return instance_object(pipeline.instances[object_id])
    plan = pipeline.plan
    flat = plan.flattened(object_id) if plan is not None else _latest(pipeline, object_id)
    return None if flat is None else component_object(pipeline, flat)


def scope_of(pipeline: Pipeline, found: PipelineObject) -> ObjectScope:
    """What the expressions of an object that find_object returned can see."""
    instance = pipeline.instances.get(found.reference("@instanceParent") or found.id)
    definition = instance.plan.definition if instance else pipeline.active or pipeline.latest
    return ObjectScope(
        found,
        definition,
        lambda object_id: find_object(pipeline, object_id),
        instance.node if instance else None,
    )


def _latest(pipeline: Pipeline, object_id: str) -> PipelineObject | None:
    component = pipeline.latest.by_id.get(object_id)
    return None if component is None else pipeline.latest.flattened(component)


def component_object(pipeline: Pipeline, flat: PipelineObject) -> PipelineObject:
    return flat.with_fields((*flat.fields, *_component_fields(pipeline, flat)))


def _component_fields(pipeline: Pipeline, flat: PipelineObject) -> Iterator[Field]:
    yield Field("@sphere", "COMPONENT")
    yield Field("@pipelineId", pipeline.id)
    yield Field("@version", str(max(pipeline.version, 1)))
    if flat.id in pipeline.paused:
        yield Field("@status", "PAUSED")
    runs = [instance for instance in pipeline.instances.values() if instance.component_id == flat.id]
    for instance in runs:
        if not instance.status.is_over:
            yield ref("@activeInstances", instance.id)
    if runs:
        yield _time("@latestRunTime", max(instance.interval.start for instance in runs))
    ended = [(instance.ended, instance) for instance in runs if instance.status.is_over and instance.ended]
    if ended:
        at, last = max(ended, key=lambda pair: pair[0])
        yield _time("@latestCompletedRunTime", last.interval.start)
        yield Field("@healthStatus", "HEALTHY" if last.status is Status.FINISHED else "ERROR")
        yield ref("@healthStatusFromInstanceId", last.id)
        yield _time("@healthStatusUpdatedTime", at)
    if flat.id in pipeline.next_start:
        yield _time("@nextRunTime", pipeline.next_start[flat.id])
    if pipeline.deactivated is not None:
        yield _time("@lastDeactivatedTime", pipeline.deactivated)


def instance_object(instance: Instance) -> PipelineObject:
    fields = (
        *_without_parent(instance.object.fields),
        *_shared_fields(instance),
        *_instance_fields(instance),
    )
    return PipelineObject(instance.id, instance.id, fields)


def attempt_object(
    instance: Instance, attempt: Attempt, fields: tuple[Field, ...] | None = None
) -> PipelineObject:
    """The attempt. Its evaluated `fields` replace the instance's."""
    own = instance.object.fields if fields is None else fields
    return PipelineObject(
        attempt.id,
        attempt.id,
        (*_without_parent(own), *_shared_fields(instance), *_attempt_fields(instance, attempt)),
    )


def _without_parent(fields: tuple[Field, ...]) -> Iterator[Field]:
    return (field for field in fields if field.key not in _INSTANCE_OWN)


def _shared_fields(instance: Instance) -> Iterator[Field]:
    yield ref("@componentParent", instance.component_id)
    yield ref("parent", instance.component_id)
    yield Field("@pipelineId", instance.pipeline.id)
    yield Field("@version", str(max(instance.version, 1)))
    yield _time("@scheduledStartTime", instance.interval.start)
    yield _time("@scheduledEndTime", instance.interval.end)
    if instance.node is not None:
        yield ref("node", instance.node)


def _instance_fields(instance: Instance) -> Iterator[Field]:
    yield Field("@sphere", "INSTANCE")
    yield Field("@status", instance.status)
    yield _time("@creationTime", instance.created)
    if instance.started is not None:
        yield _time("@actualStartTime", instance.started)
    if instance.ended is not None:
        yield _time("@actualEndTime", instance.ended)
        yield _time("@finishedTime", instance.ended)
    if instance.attempt is not None:
        yield ref("@headAttempt", instance.attempt.id)
        yield Field("@attemptCount", str(len(instance.attempts)))
    yield Field("@triesLeft", str(instance.tries_left))
    if instance.status is Status.WAITING_ON_DEPENDENCIES:
        yield from (ref("@waitingOn", dependency) for dependency in instance.waiting_on())
    yield from (ref("@cascadeFailedOn", cause) for cause in instance.cascade_failed_on)
    if instance.cancellation_reason is not None:
        yield Field("cancellationReason", instance.cancellation_reason)
    yield from _failure_fields(instance.failure)


def _attempt_fields(instance: Instance, attempt: Attempt) -> Iterator[Field]:
    yield Field("@sphere", "ATTEMPT")
    yield Field("@status", attempt.status)
    yield ref("@instanceParent", instance.id)
    yield ref("@activeInstances", instance.id)
    yield _time("@actualStartTime", attempt.started)
    if attempt.ended is not None:
        yield _time("@actualEndTime", attempt.ended)
    if attempt.hostname is not None:
        yield Field("hostname", attempt.hostname)
    if attempt.progress_time is not None:
        yield _time("reportProgressTime", attempt.progress_time)
    if attempt.last_try is not None:
        yield Field("currentRetryCount", str(attempt.tries))
        yield _time("lastRetryTime", attempt.last_try)
    yield from attempt.progress_fields
    yield from _failure_fields(attempt.failure)


def _failure_fields(failure: Failure | None) -> Iterator[Field]:
    if failure is None:
        return
    for key, value in (
        ("errorId", failure.error_id),
        ("errorMessage", failure.message),
        ("errorStackTrace", failure.stack_trace),
    ):
        if value is not None:
            yield Field(key, value)


def _time(key: str, moment: datetime) -> Field:
    return Field(key, format_timestamp(moment))
