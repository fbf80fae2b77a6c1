"""Makes an instance from a component and an interval, together with its preconditions' instances."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from local.datapipeline.model import Instance, Pipeline
from local.datapipeline.object_types import Kind
from local.datapipeline.objects import Field, PipelineObject, ref
from local.datapipeline.plan import Component, Plan
from local.datapipeline.schedule import Interval, due
from local.datapipeline.timestamps import format_timestamp

# These stay references to components: the service sets an instance's parent, and schedules have no instances.
_KEPT_REFERENCES = frozenset({"parent", "schedule"})


def instance_id(component_id: str, start: datetime) -> str:
    """As in API Reference, PollForTask: `@SayHello_2012-12-12T00:00:00`."""
    return f"@{component_id}_{format_timestamp(start)}"


def make_instances(
    pipeline: Pipeline,
    plan: Plan,
    component: Component,
    interval: Interval,
    now: datetime,
    *,
    rewrite_references: bool,
) -> list[Instance]:
    """Create the instance of a component for an interval, after the instances of its preconditions."""
    own_id = instance_id(component.id, interval.start)
    depends_on = tuple(_dependency_ids(pipeline, plan, component, interval))
    due_at = due(interval, component.schedule_type)
    version = pipeline.version

    def make(object_: PipelineObject, new_id: str, kind: Kind) -> Instance:
        return Instance(
            id=new_id,
            pipeline=pipeline,
            object=object_,
            component_id=object_.id,
            kind=kind,
            plan=plan,
            interval=interval,
            created=now,
            due=due_at,
            depends_on=depends_on,
            version=version,
        )

    preconditions = []
    for precondition_id in component.object.references("precondition"):
        flat = plan.flattened(precondition_id)
        if flat is not None:
            guard = make(flat, _guard_id(plan, precondition_id, component.id, interval), Kind.PRECONDITION)
            guard.node = own_id
            preconditions.append(guard)
    owner = make(component.object, own_id, component.kind)
    owner.preconditions = tuple(guard.id for guard in preconditions)
    if rewrite_references:
        guards = {guard.component_id: guard.id for guard in preconditions}
        owner.object = owner.object.with_fields(_rewritten(pipeline, plan, owner, guards))
    return [*preconditions, owner]


def _guard_id(plan: Plan, precondition_id: str, owner_id: str, interval: Interval) -> str:
    """One component may guard several objects. Each of them gets its own instance of it."""
    owners = [
        c.id for c in plan.components.values() if precondition_id in c.object.references("precondition")
    ]
    name = precondition_id if len(owners) == 1 else f"{precondition_id}_{owner_id}"
    return instance_id(name, interval.start)


def _rewritten(pipeline: Pipeline, plan: Plan, owner: Instance, guards: dict[str, str]) -> Iterator[Field]:
    for field in owner.object.fields:
        if not field.is_reference or field.key in _KEPT_REFERENCES:
            yield field
        elif field.value in guards:
            yield ref(field.key, guards[field.value])
        elif field.value in plan.components:
            targets = _instance_ids(pipeline, plan.components[field.value], owner.interval)
            yield from (ref(field.key, target) for target in targets or [field.value])
        else:
            yield field


def _dependency_ids(
    pipeline: Pipeline, plan: Plan, component: Component, interval: Interval
) -> Iterator[str]:
    for dependency in component.depends_on:
        yield from _instance_ids(pipeline, plan.components[dependency], interval)


def _instance_ids(pipeline: Pipeline, component: Component, interval: Interval) -> list[str]:
    """The instances of a component that belong to an interval. Skipped ones do not exist."""
    if component.recurrence is None:
        return [instance_id(component.id, interval.start)]
    next_start = pipeline.next_start.get(component.id)
    return [
        new_id
        for other in component.recurrence.overlapping(interval)
        if (new_id := instance_id(component.id, other.start)) in pipeline.instances
        or (next_start is not None and other.start >= next_start)
    ]
