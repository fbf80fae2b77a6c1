"""A definition as ``convert`` makes it: with a worker group where resources of the service were."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.datapipeline.definition import Definition
from local.datapipeline.object_types import Kind, kind_of
from local.datapipeline.objects import Field, PipelineObject

RUNS_ON = "runsOn"
WORKER_GROUP = "workerGroup"


@dataclass(frozen=True)
class Moved:
    """The definition for a worker group, and the resources that ran it before."""

    definition: Definition
    resources: dict[str, PipelineObject] = field(default_factory=dict)
    """The resource of each activity that had one, with all that it inherits."""


def on_worker_group(definition: Definition, group: str) -> Moved:
    """Replace each ``runsOn``, and leave out resources that nothing refers to any more."""
    resources = {}
    for component in definition.objects:
        target = definition.by_id.get(definition.flattened(component).reference(RUNS_ON) or "")
        if target is not None:
            resources[component.id] = definition.flattened(target)
    objects = [
        component.with_fields(_moved(component, group)) if _is_for_runner(component) else component
        for component in definition.objects
    ]
    kept = without_unused_resources(objects)
    return Moved(Definition(tuple(kept), definition.parameters, definition.values), resources)


def _is_for_runner(component: PipelineObject) -> bool:
    """Whether its ``runsOn`` is that of activities and data nodes. A resource's own means something else."""
    return kind_of(component.type) is not Kind.RESOURCE


def _moved(component: PipelineObject, group: str) -> list[Field]:
    if not component.references(RUNS_ON):
        return list(component.fields)
    kept = [one for one in component.fields if one.key not in {RUNS_ON, WORKER_GROUP}]
    at = next(index for index, one in enumerate(component.fields) if one.key == RUNS_ON)
    before = len([one for one in component.fields[:at] if one.key not in {RUNS_ON, WORKER_GROUP}])
    return [*kept[:before], Field(WORKER_GROUP, group), *kept[before:]]


def without_unused_resources(objects: list[PipelineObject]) -> list[PipelineObject]:
    """The objects without resources that none of them refers to, and without what only those referred to."""
    gone: set[str] = set()
    while True:
        left = [each for each in objects if each.id not in gone]
        used = {one for each in left for one in each.references() if one != each.id}
        of_gone = {one for each in objects if each.id in gone for one in each.references()}
        unused = {
            each.id
            for each in left
            if each.id not in used
            and (
                kind_of(each.type) is Kind.RESOURCE
                or (each.id in of_gone and each.type in PARTS_OF_RESOURCES)
            )
        }
        if not unused:
            return left
        gone |= unused


PARTS_OF_RESOURCES = frozenset(
    [
        "EbsBlockDeviceConfig",
        "EbsConfiguration",
        "EmrConfiguration",
        "HttpProxy",
        "Property",
        "VolumeSpecification",
    ]
)
"""Types of objects that only resources refer to."""
