"""A worker group in the place of an object's ``runsOn``."""

from __future__ import annotations

from typing import Any

from pipelines.checking.worker_group import RUNS_ON, WORKER_GROUP
from pipelines.converting.editing import Children, Edit, edited, gap_before, runs, scalar
from pipelines.converting.forms import Field, Form, Object
from pipelines.converting.nodes import Node, choices
from pipelines.converting.record import Plan, address, no_value


def move(form: Form, found: Object, group: str, plan: Plan) -> None:
    """Plan it.

    The service ignores a worker group that stands beside a resource (Data Pipeline Developer Guide,
    workerGroup of each activity), so the resource's place is what counts, and another group goes.
    """
    for number, fields in enumerate(found.lists):
        here = [each for each in found.fields if each.at[0] == number and each.key in {RUNS_ON, WORKER_GROUP}]
        resources = [each for each in here if each.key == RUNS_ON]
        alone = [each for each in resources if not each.is_choice][:1]
        if alone:
            moving, going = alone, [each for each in here if each not in alone]
        elif any(each.key == WORKER_GROUP and not each.is_choice for each in here):
            # Where no condition gives it a resource, it has its group already: so it has everywhere.
            moving, going = [], resources
        else:
            moving, going = resources, []
        place = {**address(found), **({"list": number} if number else {})}
        groups = [each for each in here if each in moving or (each.key == WORKER_GROUP and each not in going)]
        for each in moving:
            start, end = moved_span(form, each)
            plan.edits.append(Edit(start, end, _with_group(form, each, group)))
            entry = {**place, "field": groups.index(each), "text": form.document.text[start:end]}
            plan.note("moved", entry)
        _take(form, fields, going, place, plan)


def moved_span(form: Form, each: Field) -> tuple[int, int]:
    """From where to where a field stands, without the dash of a list."""
    if form.words is None:
        return each.key_node.start, each.node.end
    return each.node.real.start, each.node.real.end


def _with_group(form: Form, each: Field, group: str) -> str:
    """The field with a worker group, written as it was."""
    document = form.document
    key = Edit(each.key_node.start, each.key_node.end, scalar(document, WORKER_GROUP, each.key_node))
    if form.words is None:
        # A text takes the place of {"ref": ...}.
        like = next((value for _, value in each.node.real.members or []), None)
        return key.text + gap_before(document, each.key_node, each.node) + scalar(document, group, like)
    edits = [key]
    place = each.value if each.value is not None else each.reference
    for index, (name, value) in enumerate(each.node.real.members or []):
        if value is place:
            word = scalar(document, form.words.string, name) if value is each.reference else None
            edits += [Edit(name.start, name.end, word)] if word else []
            new = scalar(document, group, value if value.text is not None else name)
            edits.append(Edit(name.end, value.end, gap_before(document, name, value) + new))
        elif value is each.reference:
            edits.append(Children(document, each.node.real).taken(index, index)[0])
    start, end = moved_span(form, each)
    return edited(document.text, edits, start, end)


def _take(form: Form, fields: Node, going: list[Field], place: dict[str, Any], plan: Plan) -> None:
    for each in (each for each in going if each.is_choice):
        slots = list(choices((fields.items or [])[each.at[1]]))
        branch = next(number for number, slot in enumerate(slots) if slot is each.node)
        plan.edits.append(Edit(each.node.start, each.node.end, no_value(form.document)))
        entry = {**place, "at": each.at[1], "branch": branch, "text": form.document.source(each.node)}
        plan.note("field_branches", entry)
    children = Children(form.document, fields)
    before = 0
    for first, last in runs([each.at[1] for each in going if not each.is_choice and each.at[1] >= 0]):
        edit, how = children.taken(first, last)
        plan.edits.append(edit)
        plan.note("fields", {**place, **how, "at": first - before})
        before += last - first + 1
