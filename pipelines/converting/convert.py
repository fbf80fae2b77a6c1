"""Replaces what runs a definition's activities, by edits of its text. ``back.py`` undoes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from local.datapipeline.object_types import Kind, kind_of
from pipelines.checking.databases import PASSWORD
from pipelines.checking.types import advice_for
from pipelines.checking.worker_group import PARTS_OF_RESOURCES, RUNS_ON
from pipelines.converting.documents import edited_document
from pipelines.converting.editing import Children, Edit, edited, flow, gap_before, runs, scalar
from pipelines.converting.forms import Field, Form, Object, forms_of
from pipelines.converting.moving import move
from pipelines.converting.nodes import Document, choices, is_function, is_no_value
from pipelines.converting.record import Plan, address, no_value
from pipelines.reading.source import UnreadableError, stand_in
from sql.credentials import SECRET_FIELD

USE_SECRET = f"see-{SECRET_FIELD}"
"""In the place of a password: the service requires the field, and the secret wins over it."""
MASK = "********"
_ACCOUNT = "111122223333"
_WITH_A_PASSWORD = {"JdbcDatabase", "MySqlDataNode", "RdsDatabase", "RedshiftDatabase", "SqlDataNode"}


@dataclass(frozen=True)
class Options:
    """``secrets``: databases read their passwords from AWS Secrets Manager, in ``region``.

    ``only_supported``: activities that no handler runs stay on their resources.
    """

    group: str
    secrets: bool = False
    only_supported: bool = False
    region: str = "us-east-1"


@dataclass(frozen=True)
class Gone:
    """A resource, or what only resources used, that was removed."""

    id: str
    type: str
    fields: Sequence[str]


@dataclass
class Conversion:
    """What was done to one pipeline."""

    name: str
    """Empty if the document has no other."""
    moved: list[str] = field(default_factory=list)
    """Ids of what has a worker group in the place of a resource."""
    removed: list[Gone] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    """Ids of databases whose password is now read from a secret."""
    without_handler: list[str] = field(default_factory=list)
    """Ids of activities that no handler runs."""
    record: dict[str, list[Any]] = field(default_factory=dict)
    """What undoes it; empty if nothing has changed. It has none of the removed secrets."""


def convert(document: Document, options: Options) -> tuple[Document, list[Conversion]]:
    """The document without a new record, and what was done to each of its pipelines.

    Raises UnreadableError for what cannot be changed in place.
    """
    done = [Conversion(form.name) for form in forms_of(document)]
    for step in (_move, _read_secrets, _remove):
        document = _changed(document, done, options, step)
    return document, done


_Step = Callable[[Form, Conversion, Options], Plan]


def _changed(document: Document, done: Iterable[Conversion], options: Options, step: _Step) -> Document:
    edits: list[Edit] = []
    for form, conversion in zip(forms_of(document), done, strict=True):
        plan = step(form, conversion, options)
        edits += plan.edits
        for kind, entries in plan.record.items():
            conversion.record.setdefault(kind, []).extend(entries)
    _refuse_lost_anchors(document, edits)
    return edited_document(document, edits)


def _refuse_lost_anchors(document: Document, edits: Sequence[Edit]) -> None:
    for alias in document.aliases:
        anchor = alias.real
        lost = any(
            each.start <= anchor.start < each.end and f"&{anchor.anchor}" not in each.text for each in edits
        )
        if lost and not any(each.start <= alias.start < each.end for each in edits):
            raise UnreadableError(
                f"line {document.line(anchor.start)}: what stands at the anchor &{anchor.anchor} has to go, "
                f"and line {document.line(alias.start)} repeats it: write it out there"
            )


def _move(form: Form, done: Conversion, options: Options) -> Plan:
    plan = Plan()
    for found in form.objects:
        if kind_of(form.type(found)) is Kind.RESOURCE or not found.named(RUNS_ON):
            continue
        if _lacks_handler(form, found):
            done.without_handler.append(found.id)
            if options.only_supported:
                continue
        done.moved.append(found.id)
        move(form, found, options.group, plan)
    return plan


def _lacks_handler(form: Form, found: Object) -> bool:
    kind = form.type(found)
    return kind_of(kind) is Kind.ACTIVITY and not found.named("myHandler") and not advice_for(kind).handler


def _read_secrets(form: Form, done: Conversion, options: Options) -> Plan:
    plan = Plan()
    for found in form.objects if options.secrets else ():
        passwords = found.named(PASSWORD)
        if form.type(found) not in _WITH_A_PASSWORD or not passwords or found.named(SECRET_FIELD):
            continue
        password = passwords[0]
        value, index = password.value, password.at[1]
        if len(passwords) > 1 or password.is_choice or value is None or index < 0:
            raise UnreadableError(
                f"line {form.document.line(password.node.start)}: a function decides about the {PASSWORD} of "
                f"'{found.id}', so --secrets cannot replace it: write {SECRET_FIELD} by hand, and leave out "
                "--secrets"
            )
        done.secrets.append(found.id)
        fields = found.lists[password.at[0]]
        new = _secret_field(form, password, _arn(found.id, options.region), is_block=fields.is_block)
        plan.edits += [
            Edit(value.start, value.end, scalar(form.document, USE_SECRET, value)),
            Children(form.document, fields).put_after(index, new),
        ]
        plan.note("secrets", address(found))
    return plan


def _arn(object_id: str, region: str) -> str:
    name = re.sub(r"[^A-Za-z0-9/_+=.@-]", "-", object_id)
    return f"arn:aws:secretsmanager:{region}:{_ACCOUNT}:secret:{stand_in(name)}"


def _secret_field(form: Form, password: Field, arn: str, *, is_block: bool) -> str:
    if form.words is None:
        key = SECRET_FIELD if is_block else flow(SECRET_FIELD)
        return f"{key}{gap_before(form.document, password.key_node, password.node)}{flow(arn)}"
    entry = flow({form.words.key: SECRET_FIELD, form.words.string: arn})
    return f"- {entry}" if is_block else entry


def _remove(form: Form, done: Conversion, _: Options) -> Plan:
    unused = _unused(form)
    plan = Plan()
    for number, objects in enumerate(form.lists):
        here = [each for each in unused if each.at[0] == number]
        whole, branches = _slots_to_take(objects.items or [], here)
        if not whole and not branches:
            continue
        done.removed += [_gone(form, each) for each in here]
        for each in here:
            if each.at[1] in branches:
                plan.edits.append(Edit(each.node.start, each.node.end, no_value(form.document)))
                text = edited(form.document.text, _masks([each], plan), each.node.start, each.node.end)
                plan.note("branches", {"list": number, "at": each.at[1], "branch": each.at[2], "text": text})
        children = Children(form.document, objects)
        before = 0
        for first, last in runs(whole):
            edit, how = children.taken(first, last)
            masks = _masks([each for each in here if first <= each.at[1] <= last], plan)
            how["text"] = edited(form.document.text, masks, edit.start, edit.end)
            plan.edits.append(edit)
            plan.note("objects", {"list": number, **how, "at": first - before})
            before += last - first + 1
    return plan


def _slots_to_take(slots: Sequence[Any], unused: Sequence[Object]) -> tuple[list[int], set[int]]:
    """The places of which nothing stays, and those where a branch of a function goes."""
    whole, branches = [], set()
    for index, of_slot in groupby(unused, key=lambda each: each.at[1]):
        taken = {each.at[2] for each in of_slot}
        left = {number for number, each in enumerate(choices(slots[index])) if not is_no_value(each)} - taken
        if left:
            branches.add(index)
        else:
            whole.append(index)
    # A list of nothing but resources is no pipeline, and one without items no list in YAML.
    return ([], set()) if len(whole) == len(slots) else (whole, branches)


def _masks(objects: Iterable[Object], plan: Plan) -> list[Edit]:
    masks = []
    for found in objects:
        for each in found.fields:
            if each.key.startswith("*") and each.value is not None:
                masks.append(Edit(each.value.start, each.value.end, flow(MASK)))
                plan.note("masked", {**address(found), "key": each.key})
    return masks


def _gone(form: Form, found: Object) -> Gone:
    return Gone(found.id, form.type(found), [each.key for each in found.fields])


def _unused(form: Form) -> list[Object]:
    """Resources that nothing refers to any more, and what only they used. One without a list has to stay."""
    objects = form.objects
    users: dict[str, set[Object]] = {}
    for each in objects:
        if kind_of(form.type(each)) is not Kind.RESOURCE and any(map(_is_open, each.named(RUNS_ON))):
            return []  # Only a deployment knows which of them it is.
        for name in form.references(each):
            users.setdefault(name, set()).add(each)
    gone: set[Object] = set()
    while True:
        new = {
            each
            for each in objects
            if each not in gone and each.at[1] >= 0 and _is_unused(form, each, users, gone)
        }
        if not new:
            return [each for each in objects if each in gone]
        gone |= new


def _is_unused(form: Form, found: Object, users: dict[str, set[Object]], gone: set[Object]) -> bool:
    kind = form.type(found)
    others = users.get(found.id, set()) - {found}
    if kind_of(kind) is Kind.RESOURCE:
        return not others - gone
    # A part of a resource that nobody has ever used is not ours to take away.
    return kind in PARTS_OF_RESOURCES and bool(others) and not others - gone


def _is_open(runs_on: Any) -> bool:
    node = runs_on.reference
    return node is not None and any(
        is_function(each) or "${" in (each.real.text or "") for each in choices(node)
    )
