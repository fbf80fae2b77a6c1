"""What waits for something that does not run does not run either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from local.datapipeline.definition import Definition
from local.datapipeline.object_types import Kind, kind_of
from pipelines.checking.verdict import ActivityVerdict, Reason, Verdict

_PAGE = "docs/moving-from-task-runner.md#1-check"


def after_others(definition: Definition, verdicts: Sequence[ActivityVerdict]) -> list[ActivityVerdict]:
    """The verdicts, with a reason for each that waits for one that needs a change or is not possible."""
    stuck = {found.id: found.verdict for found in verdicts if found.verdict > Verdict.SETTINGS}
    told = []
    for found in verdicts:
        waits_for = [
            other for other in _closure(definition, found.id) if other in stuck and other != found.id
        ]
        if waits_for:
            # The one that it waits for directly comes first.
            message = f"it waits for '{waits_for[0]}', which does not run as it is: see there"
            reason = Reason(Verdict.CHANGE, "dependsOn", message, _PAGE)
            found = replace(found, reasons=(*found.reasons, reason))
        told.append(found)
    return told


def _closure(definition: Definition, object_id: str) -> Iterator[str]:
    """Everything that an object waits for, directly or not, the nearest first."""
    seen = {object_id}
    waiting = [object_id]
    while waiting:
        for other in _waits_for(definition, waiting.pop(0)):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
                yield other


def _waits_for(definition: Definition, object_id: str) -> Iterator[str]:
    """As the service orders activities: after dependsOn, preconditions, and writers of what they read."""
    component = definition.by_id.get(object_id)
    if component is None:
        return
    flat = definition.flattened(component)
    yield from flat.references("dependsOn")
    yield from flat.references("precondition")
    if kind_of(flat.type) is Kind.ACTIVITY:
        yield from flat.references("input")
    if kind_of(flat.type) is Kind.DATA_NODE:
        for other in map(definition.flattened, definition.objects):
            if object_id in other.references("output") and object_id not in other.references("input"):
                yield other.id
