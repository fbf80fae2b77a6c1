"""Undoes a conversion by the records that it left, even if the document was edited since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pipelines.checking.databases import PASSWORD
from pipelines.checking.worker_group import WORKER_GROUP
from pipelines.converting.convert import MASK, USE_SECRET
from pipelines.converting.documents import edited_document
from pipelines.converting.editing import Children, Edit, scalar
from pipelines.converting.forms import Form, Object, forms_of
from pipelines.converting.moving import moved_span
from pipelines.converting.nodes import Document, choices
from pipelines.converting.record import read_record, take_record
from sql.credentials import SECRET_FIELD

Record = Mapping[str, Any]


def convert_back(document: Document, original: Document | None) -> tuple[Document, list[str]]:
    """The document as it was before its conversions, and what is still to be done.

    ``original``: has the secrets that no record keeps. Raises UnreadableError if it cannot be undone.
    """
    told: list[str] = []
    masked: list[list[Record]] = [[] for _ in forms_of(document)]
    has_any = [False] * len(masked)
    while any(records := [read_record(form) for form in forms_of(document)]):
        document = _changed(document, records, lambda form, _: [take_record(form)])
        for step in _STEPS:
            document = _changed(document, records, step)
        for number, record in enumerate(records):
            if record is not None:
                has_any[number] = True
                masked[number] += record.get("masked", ())
                masked[number] += [{**each, "key": PASSWORD} for each in record.get("secrets", ())]
    for form, has_record in zip(forms_of(document), has_any, strict=True):
        if not has_record:
            where = f"{form.name}: " if form.name else ""
            told.append(f"{where}there is no record of a conversion, so nothing is undone")
    document, missing = _with_passwords(document, masked, original)
    return document, [*told, *missing]


def _changed(
    document: Document, records: Sequence[Record | None], step: Callable[[Form, Record], Iterable[Edit]]
) -> Document:
    edits: list[Edit] = []
    for form, record in zip(forms_of(document), records, strict=True):
        if record is not None:
            edits += step(form, record)
    return edited_document(document, edits)


def _put_objects_back(form: Form, record: Record) -> Iterable[Edit]:
    for entry in record.get("objects", ()):
        children = Children(form.document, form.lists[int(entry["list"])])
        yield children.put_back(entry, int(entry["at"]))


def _put_fields_back(form: Form, record: Record) -> Iterable[Edit]:
    for entry in record.get("fields", ()):
        found = _found(form, entry)
        if found is not None:
            children = Children(form.document, found.lists[int(entry.get("list", 0))])
            yield children.put_back(entry, int(entry["at"]))


def _put_values_back(form: Form, record: Record) -> Iterable[Edit]:
    for entry in record.get("moved", ()):
        found = _found(form, entry)
        number = int(entry.get("list", 0))
        fields = [each for each in found.named(WORKER_GROUP) if each.at[0] == number] if found else []
        if int(entry["field"]) < len(fields):
            start, end = moved_span(form, fields[int(entry["field"])])
            yield Edit(start, end, entry["text"])
    for entry in record.get("secrets", ()):
        yield from _password_back(form, _found(form, entry))


def _put_branches_back(form: Form, record: Record) -> Iterable[Edit]:
    for entry in record.get("branches", ()):
        yield _branch_back(form.lists[int(entry["list"])].items or [], entry)


def _put_field_branches_back(form: Form, record: Record) -> Iterable[Edit]:
    for entry in record.get("field_branches", ()):
        found = _found(form, entry)
        if found is not None:
            yield _branch_back(found.lists[int(entry.get("list", 0))].items or [], entry)


_STEPS = (
    *(_put_objects_back, _put_branches_back, _put_values_back, _put_fields_back, _put_field_branches_back),
)
"""In this order the places that a record names are those of the text."""


def _branch_back(slots: Sequence[Any], entry: Record) -> Edit:
    node = list(choices(slots[int(entry["at"])]))[int(entry["branch"])]
    return Edit(node.start, node.end, entry["text"])


def _password_back(form: Form, found: Object | None) -> Iterable[Edit]:
    for each in found.named(PASSWORD) if found else ():
        if each.value is not None and form.text(each) == USE_SECRET:
            yield Edit(each.value.start, each.value.end, scalar(form.document, MASK, each.value))
    for each in found.named(SECRET_FIELD) if found else ():
        if each.at[1] > 0 and found is not None:
            yield Children(form.document, found.lists[each.at[0]]).taken_after(each.at[1])


def _with_passwords(
    document: Document, masked: Sequence[Sequence[Record]], original: Document | None
) -> tuple[Document, list[str]]:
    """Secrets as the original has them, and a line for each that is not known."""
    originals = {form.name: form for form in forms_of(original)} if original is not None else {}
    edits, missing = [], []
    for form, entries in zip(forms_of(document), masked, strict=True):
        known = originals.get(form.name)
        for entry in entries:
            found, before = _found(form, entry), _found(known, entry) if known is not None else None
            for each in found.named(entry["key"]) if found is not None else ():
                if each.value is None or form.text(each) != MASK:
                    continue
                values = [one.value for one in before.named(each.key)] if before is not None else []
                if known is not None and values and values[0] is not None:
                    new = known.document.source(values[0])
                    edits.append(Edit(each.value.start, each.value.end, new))
                else:
                    missing.append(
                        f"{entry['id']}: write its {each.key}, which is not recorded, or give the definition "
                        "that you had as --original"
                    )
    return edited_document(document, edits), missing


def _found(form: Form, entry: Record) -> Object | None:
    return form.find(entry["id"], int(entry.get("occurrence", 0)))
