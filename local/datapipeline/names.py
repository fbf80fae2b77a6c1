"""Finds names in expressions that do not exist: a mistyped parameter, a missing field.

Developer Guide, Referencing Fields and Objects: an expression can use fields of its own object and of objects
that it refers to; `node` is for alarms and preconditions; `my…` is a parameter or a user-defined field.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from local.datapipeline.definition import DEFAULT, Definition
from local.datapipeline.expressions import parse, paths_used
from local.datapipeline.object_types import Kind, kind_of, runtime_fields
from local.datapipeline.objects import PipelineObject

_ALWAYS = frozenset({"id", "@id", "name", "parent"}) | runtime_fields()


def unknown_names(definition: Definition, component: PipelineObject) -> Iterator[str]:
    """Warnings for the fields of a component.

    The fields of an object without a type, such as Default, are for the objects that inherit from it. There,
    a name is unknown only if it is unknown to all of them.
    """
    own = component.id != DEFAULT and component.type is not None
    readers = [component] if own else _heirs(definition, component)
    contexts = [definition.flattened(reader) for reader in readers]
    for field in component.fields:
        if field.is_reference or "#{" not in field.value:
            continue
        for path in dict.fromkeys(paths_used(parse(field.value))):
            problems = [_problem(definition, context, path) for context in contexts]
            if problems and all(problems):
                yield f"'{field.key}' uses '{'.'.join(path)}': {problems[0]}"


def _heirs(definition: Definition, component: PipelineObject) -> list[PipelineObject]:
    return [
        other
        for other in definition.objects
        if other.type is not None and component in definition.ancestors(other)
    ]


def _problem(definition: Definition, flat: PipelineObject, path: Sequence[str]) -> str:
    """What is wrong with a name, or with names that follow references; empty if nothing is."""
    if path[0] == "node":
        if kind_of(flat.type) is Kind.PRECONDITION or flat.type == "SnsAlarm":
            return ""
        return "'node' is for alarms and preconditions"
    objects = [flat]
    for step in path[:-1]:
        if step == "parent":
            continue  # For an instance, that is its component.
        if step in _ALWAYS:
            return ""
        found = [object_.references(step) for object_ in objects]
        if not all(found):
            return f"'{step}' is not a reference of '{objects[found.index([])].id}'"
        ids = [id_ for references in found for id_ in references if id_ in definition.by_id]
        objects = [definition.flattened(definition.by_id[id_]) for id_ in ids]
    parameters = {parameter.id for parameter in definition.parameters} | {id_ for id_, _ in definition.values}
    for object_ in objects:
        fields = {field.key for field in object_.fields}
        known = fields | _ALWAYS | (parameters if len(path) == 1 else set())
        if path[-1] not in known:
            close = get_close_matches(path[-1], sorted(known), 1)
            hint = f"; is '{close[0]}' meant?" if close else ""
            return f"'{object_.id}' has no such field" + (
                f", and there is no such parameter{hint}" if len(path) == 1 else hint
            )
    return ""
