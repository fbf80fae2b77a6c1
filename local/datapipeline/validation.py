"""What PutPipelineDefinition and ValidatePipelineDefinition report about a definition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from graphlib import CycleError, TopologicalSorter

from local.datapipeline.definition import DEFAULT, Definition
from local.datapipeline.expressions import ExpressionError, parse
from local.datapipeline.names import unknown_names
from local.datapipeline.object_types import Kind, object_types
from local.datapipeline.objects import PipelineObject
from local.datapipeline.parameters import parameter_doubts, parameter_problems
from local.datapipeline.plan import FIRST_ACTIVATION, PlanError, make_plan, read_recurrence
from local.datapipeline.settings import Settings
from local.datapipeline.timestamps import parse_timestamp

# Developer Guide, AWS Data Pipeline Limits.
MAXIMUM_OBJECTS = 100
MAXIMUM_FIELDS = 50
MAXIMUM_OBJECT_BYTES = 15_360

Messages = dict[str, list[str]]


@dataclass
class Findings:
    """Messages by object id, in the order in which they were found."""

    errors: Messages = field(default_factory=lambda: defaultdict(list))
    warnings: Messages = field(default_factory=lambda: defaultdict(list))


def validate(definition: Definition, settings: Settings) -> Findings:
    findings = Findings()
    if len(definition.objects) > MAXIMUM_OBJECTS:
        message = f"The definition has {len(definition.objects)} objects; {MAXIMUM_OBJECTS} are possible"
        findings.errors[DEFAULT].append(message)
    lenient = settings.missing_values == "activation"
    for id_, problems in parameter_problems(definition, may_lack_values=lenient).items():
        findings.errors[id_] += problems
    for component in definition.objects:
        findings.errors[component.id] += _written(definition, component)
    _drop_empty(findings)
    if not findings.errors:
        for component in definition.objects:
            findings.errors[component.id] += _meant(definition, component, settings)
            findings.warnings[component.id] += _doubtful(definition, component)
        for id_, doubts in parameter_doubts(definition).items():
            findings.warnings[id_] += doubts
    if cycle := _cycle(definition):
        findings.errors[cycle[0]].append(f"'dependsOn' goes in a circle: {' -> '.join(cycle)}")
    _drop_empty(findings)
    if not findings.errors:
        findings.errors.update(_unplannable(definition))
    return findings


def _drop_empty(findings: Findings) -> None:
    for messages in (findings.errors, findings.warnings):
        for object_id in [object_id for object_id, found in messages.items() if not found]:
            del messages[object_id]


def _written(definition: Definition, component: PipelineObject) -> Iterator[str]:
    """Check how the object is written, whatever it means."""
    if sum(other.id == component.id for other in definition.objects) > 1:
        yield "There is more than one object with this id"
    if len(component.fields) > MAXIMUM_FIELDS:
        yield f"The object has {len(component.fields)} fields; {MAXIMUM_FIELDS} are possible"
    size = sum(len(field.key.encode()) + len(field.value.encode()) for field in component.fields)
    if size > MAXIMUM_OBJECT_BYTES:
        yield f"The object has {size} bytes; {MAXIMUM_OBJECT_BYTES} are possible"
    for entry in component.fields:
        if entry.key.startswith("@"):
            yield f"'{entry.key}' is set by the service only"
        elif entry.value == "":
            yield f"'{entry.key}' is empty"
        elif entry.is_reference and entry.value not in definition.by_id:
            yield f"'{entry.key}' refers to '{entry.value}', which does not exist"
        elif not entry.is_reference:
            try:
                parse(entry.value)
            except ExpressionError as error:
                yield f"'{entry.key}': {error}"


def _meant(definition: Definition, component: PipelineObject, settings: Settings) -> Iterator[str]:
    """Check that the object has what its type requires, inherited fields included."""
    if component.id == DEFAULT:
        return
    flat = definition.flattened(component)
    kind = object_types().get(flat.type or "")
    present = {field.key for field in flat.fields}
    if kind is None:
        if flat.type is None:
            if _is_used_as_parent(definition, component):
                return
            yield "'type' is missing"
        elif settings.unknown_types == "refused":
            yield f"'{flat.type}' is not a type of AWS Data Pipeline"
        return
    yield from (f"'{key}' is missing" for key in sorted(kind.required - present))
    for group in kind.one_of:
        if not group & present:
            yield f"One of {' and '.join(sorted(map(repr, group)))} is missing"
    if kind.name == "Schedule" and {"startAt", "startDateTime"} <= present:
        yield "Only one of 'startAt' and 'startDateTime' is possible"
    if kind.name == "Schedule" and flat.string("startAt") not in (None, FIRST_ACTIVATION):
        yield f"'startAt' is {FIRST_ACTIVATION}"
    start = flat.string("startDateTime") or "#{absent}"
    if "#{" not in start and parse_timestamp(start) is None:
        yield f"'startDateTime' is a DateTime such as 2012-12-12T00:00:00, not '{start}'"


def _is_used_as_parent(definition: Definition, component: PipelineObject) -> bool:
    return any(component.id in other.references("parent") for other in definition.objects)


def _doubtful(definition: Definition, component: PipelineObject) -> Iterator[str]:
    """Warn of things that the service takes but a user may not have meant."""
    flat = definition.flattened(component)
    kind = object_types().get(flat.type or "")
    own = {field.key for field in component.fields} - {"type"}
    if kind is not None and component.id != DEFAULT:
        for key in sorted(own - kind.known):
            if not key.startswith("my") and key not in ("name", "*password"):
                yield f"'{key}' is not a field of {kind.name}"
    yield from unknown_names(definition, component)
    if (
        kind is not None
        and kind.kind is Kind.ACTIVITY
        and {"runsOn", "workerGroup"} <= {entry.key for entry in flat.fields}
    ):
        yield "'workerGroup' is ignored, because there is 'runsOn' too"


def _cycle(definition: Definition) -> list[str]:
    """The first circle of dependsOn; empty if there is none."""
    waits_for = {component.id: component.references("dependsOn") for component in definition.objects}
    try:
        TopologicalSorter(waits_for).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return []


def _unplannable(definition: Definition) -> Messages:
    """Check that schedules can be read. A parameter without a value may still get one at activation."""
    if definition.without_value(optional=False):
        return {}
    first_activation = datetime(2012, 12, 12, tzinfo=UTC)
    try:
        plan = make_plan(definition, first_activation)
        for flat in map(definition.flattened, definition.objects):
            if flat.type == "Schedule":
                read_recurrence(plan, flat, first_activation)
    except PlanError as error:
        return {error.object_id: [error.message]}
    kinds = {component.schedule_type for component in plan.components.values()}
    if "ondemand" in kinds and len(kinds) > 1:
        return {DEFAULT: ["'scheduleType' is ondemand for all objects, or for none"]}
    return {}
