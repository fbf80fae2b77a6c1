"""Replaces what runs a definition's activities, and undoes it.

The record of what was changed stays in the document, outside of the pipeline: without passwords, so that
they are
gone once they are in a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from local.datapipeline.object_types import Kind, kind_of
from pipelines.checking.databases import PASSWORD
from pipelines.checking.types import advice_for
from pipelines.checking.worker_group import PARTS_OF_RESOURCES, RUNS_ON, WORKER_GROUP
from pipelines.converting.forms import Field, Form, Object
from pipelines.reading.source import stand_in
from sql.credentials import SECRET_FIELD

USE_SECRET = f"see-{SECRET_FIELD}"
"""In the place of a password: the service requires the field, and the secret wins over it."""
MASK = "********"
_ACCOUNT = "111122223333"


@dataclass
class Conversion:
    """What was done."""

    changed: list[str] = field(default_factory=list)
    """Ids of objects with other fields."""
    removed: list[Object] = field(default_factory=list)
    """Resources, and what only they used."""
    secrets: list[str] = field(default_factory=list)
    """Ids of databases whose password is now read from a secret."""
    record: dict[str, Any] = field(default_factory=dict)
    """What undoes it; empty if nothing was changed."""
    without_handler: list[str] = field(default_factory=list)
    """Ids of activities that no handler runs."""


def convert(
    form: Form, group: str, *, secrets: bool, only_supported: bool = False, region: str = "us-east-1"
) -> Conversion:
    """Convert in place.

    ``secrets``: databases read their passwords from AWS Secrets Manager. ``only_supported``: activities that
    no
    handler runs stay on their resources.
    """
    done = Conversion()
    changes: dict[str, list[Any]] = {}
    for found in form.objects:
        if not isinstance(found, Mapping):
            continue
        before = form.fields(found)  # type: ignore[arg-type]
        moves = not _is_resource(form, before) and any(each.key == RUNS_ON for each in before)
        if moves and _lacks_handler(form, before):
            done.without_handler.append(form.id(found))  # type: ignore[arg-type]
            moves = not only_supported
        after, undo = _moved(form, before, group) if moves else (before, [])
        if secrets:
            after, more = _with_secret(form, form.id(found), after, region)  # type: ignore[arg-type]
            undo += more
            if more:
                done.secrets.append(form.id(found))  # type: ignore[arg-type]
        if undo:
            form.set_fields(found, after)  # type: ignore[arg-type]
            changes[form.id(found)] = undo  # type: ignore[arg-type]
    done.changed = list(changes)
    removed = _remove_unused(form)
    done.removed = [found for _, found in removed]
    if changes or removed:
        done.record = {"fields": changes}
        if removed:
            done.record["objects"] = [
                {"at": at, "object": _without_secrets(form, deepcopy(found))} for at, found in removed
            ]
    return done


def _without_secrets(form: Form, found: Object) -> Object:
    """The object, such as a proxy, with its secrets masked."""
    fields = [form.text(each.key, MASK) if each.key.startswith("*") else each for each in form.fields(found)]
    form.set_fields(found, fields)
    return found


def convert_back(form: Form, passwords: Mapping[str, Any]) -> list[str]:
    """Undo ``convert`` in place, by its record. Returns the ids of databases whose passwords are not known.

    ``passwords``: the original field by database. Without a record, nothing is undone.
    """
    record = form.read_record()
    if not isinstance(record, Mapping):
        return []
    missing = []
    for entry in record.get("objects") or []:
        form.objects.insert(int(entry["at"]), entry["object"])
    for found in form.objects:
        undo = (record.get("fields") or {}).get(form.id(found))
        if not undo:
            continue
        fields = form.fields(found)
        for step in reversed(undo):
            fields = [each for each in fields if each.key not in step["added"]]
            for at, entry in step["taken"]:
                key = str(entry[0])
                if key == PASSWORD:
                    known = passwords.get(form.id(found))
                    missing += [form.id(found)] if known is None else []
                    fields.insert(
                        int(at), Field(key, known, None) if known is not None else form.text(key, MASK)
                    )
                else:
                    fields.insert(int(at), Field(key, entry[1], None))
        form.set_fields(found, fields)
    form.write_record(None)
    return missing


def passwords_of(form: Form) -> dict[str, Any]:
    """The password fields of a definition as they stand in it, by the object's id."""
    return {
        form.id(found): each.entry
        for found in form.objects
        for each in form.fields(found)
        if each.key == PASSWORD
    }


def secrets_of(form: Form) -> list[str]:
    """The texts of all fields whose key starts with ``*``."""
    texts = [
        form.value(each) for found in form.objects for each in form.fields(found) if each.key.startswith("*")
    ]
    return [text for text in texts if text and text not in {USE_SECRET, MASK}]


def _moved(form: Form, before: list[Field], group: str) -> tuple[list[Field], list[Any]]:
    at = next((index for index, each in enumerate(before) if each.key == RUNS_ON), None)
    if at is None:
        return before, []
    taken = [
        [index, [each.key, deepcopy(each.entry)]] for index, each in enumerate(before) if each.key in _BOTH
    ]
    kept = [each for each in before if each.key not in _BOTH]
    place = len([each for each in before[:at] if each.key not in _BOTH])
    after = [*kept[:place], form.text(WORKER_GROUP, group), *kept[place:]]
    return after, [{"added": [WORKER_GROUP], "taken": taken}]


_BOTH = {RUNS_ON, WORKER_GROUP}


def _with_secret(
    form: Form, object_id: str, before: list[Field], region: str
) -> tuple[list[Field], list[Any]]:
    keys = [each.key for each in before]
    if PASSWORD not in keys or SECRET_FIELD in keys:
        return before, []
    at = keys.index(PASSWORD)
    name = re.sub(r"[^A-Za-z0-9/_+=.@-]", "-", object_id)
    arn = f"arn:aws:secretsmanager:{region}:{_ACCOUNT}:secret:{stand_in(name)}"
    new = [form.text(PASSWORD, USE_SECRET), form.text(SECRET_FIELD, arn)]
    after = [*before[:at], *new, *before[at + 1 :]]
    return after, [{"added": [PASSWORD, SECRET_FIELD], "taken": [[at, [PASSWORD, None]]]}]


def _lacks_handler(form: Form, fields: list[Field]) -> bool:
    kind = _type(form, fields)
    own = any(each.key == "myHandler" for each in fields)
    return kind_of(kind) is Kind.ACTIVITY and not own and not advice_for(kind).handler


def _is_resource(form: Form, fields: list[Field]) -> bool:
    return kind_of(_type(form, fields)) is Kind.RESOURCE


def _type(form: Form, fields: list[Field]) -> str:
    return next((form.value(each) or "" for each in fields if each.key == "type"), "")


def _remove_unused(form: Form) -> list[tuple[int, Any]]:
    """Take out resources that nothing refers to, with what only they used. Returns them with their places."""
    gone: set[int] = set()
    while unused := {
        at for at, found in enumerate(form.objects) if at not in gone and _is_unused(form, found, gone)
    }:
        gone |= unused
    removed = [(at, form.objects[at]) for at in sorted(gone)]
    for at in sorted(gone, reverse=True):
        del form.objects[at]
    return removed


def _is_unused(form: Form, found: Object, gone: set[int]) -> bool:
    kind = _type(form, form.fields(found))
    if kind_of(kind) is not Kind.RESOURCE and kind not in PARTS_OF_RESOURCES:
        return False
    own = form.id(found)
    users = {
        at for at, each in enumerate(form.objects) if each is not found and own in _references(form, each)
    }
    # A part of a resource that nobody has ever used is not ours to take away.
    return not users - gone and (kind_of(kind) is Kind.RESOURCE or bool(users))


def _references(form: Form, found: Object) -> set[str]:
    references: set[str] = set()
    for each in form.fields(found):
        values = each.entry if isinstance(each.entry, list) else [each.entry]
        references |= {str(value["ref"]) for value in values if isinstance(value, Mapping) and "ref" in value}
        if each.reference is not None:
            references.add(each.reference)
    return references | set(_in_functions(found))


def _in_functions(value: Any, *, inside: bool = False) -> Iterator[str]:
    """All texts in CloudFormation's functions, such as Fn::If: any of them may be a reference."""
    if isinstance(value, str):
        if inside:
            yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _in_functions(each, inside=inside or str(key).startswith("Fn::"))
    elif isinstance(value, Sequence):
        tag = getattr(getattr(value, "tag", None), "value", None)
        for each in value:
            yield from _in_functions(each, inside=inside or bool(tag))
