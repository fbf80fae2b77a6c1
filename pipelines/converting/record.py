"""The record of a conversion: kept in the document, where whoever reads the definition ignores it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.converting.documents import edited_document
from pipelines.converting.editing import Children, Edit, edited, flow
from pipelines.converting.forms import Form, Object, forms_of
from pipelines.converting.nodes import Document, Node
from pipelines.reading.source import UnreadableError

NAME = "convertedFrom"
VERSION = 2


@dataclass
class Plan:
    """Edits of one step, and what undoes them."""

    edits: list[Edit] = field(default_factory=list)
    record: dict[str, list[Any]] = field(default_factory=dict)

    def note(self, kind: str, entry: dict[str, Any]) -> None:
        """Record something to undo."""
        self.record.setdefault(kind, []).append(entry)


def address(found: Object) -> dict[str, Any]:
    """How a record names an object."""
    return {"id": found.id, **({"occurrence": found.occurrence} if found.occurrence else {})}


def no_value(document: Document) -> str:
    """What stands for a branch that is gone."""
    return '{"Ref": "AWS::NoValue"}' if document.is_json else "!Ref AWS::NoValue"


def read_record(form: Form) -> Mapping[str, Any] | None:
    """What undoes the last conversion; None if there is none. Numbers are text.

    Raises UnreadableError for a record that another version has written.
    """
    _, _, value = _found(form)
    if value is None:
        return None
    record = _plain(form.document, value)
    if not isinstance(record, Mapping) or record.get("version") != str(VERSION):
        raise UnreadableError(
            f"its record ({NAME}) is of another version of convert: undo it with the version that wrote it, "
            "or take the file as it was before"
        )
    return record


def put_record(form: Form, record: Mapping[str, Any]) -> Edit:
    """Keep the record. Raises UnreadableError where it finds no place."""
    record = {"version": VERSION, **record}
    _, _, value = _found(form)
    if value is not None:
        return Edit(value.start, value.end, flow({**record, "earlier": form.document.source(value)}))
    if not form.record_in:
        return _put(form.document, form.holder, NAME, flow(record))
    given = form.holder.get(form.record_in)
    if given is None:
        made = flow({NAME: {**record, "made": 1}})
        return _put(form.document, form.holder, form.record_in, made)
    if form.record_in == "//":
        return Edit(given.start, given.end, f"[{form.document.source(given)}, {flow({NAME: record})}]")
    if not given.is_mapping or given.alias_of is not None:
        raise UnreadableError(
            f"line {form.document.line(given.start)}: {form.record_in} of '{form.name}' is no mapping, so it "
            "has no place for the record; --no-record converts without one"
        )
    if not given.members:
        return Edit(given.inside, given.inside, f'"{NAME}": {flow(record)}')
    return _put(form.document, given, NAME, flow(record))


def with_records(document: Document, records: Sequence[Mapping[str, Any]]) -> Document:
    """The document with what undoes its conversion. Raises UnreadableError where it finds no place."""
    pairs = zip(forms_of(document), records, strict=True)
    edits = [put_record(form, record) for form, record in pairs if record]
    return edited_document(document, edits)


def take_record(form: Form) -> Edit:
    """Remove the record, or have the one before it take its place."""
    holder, index, value = _found(form)
    if value is None:
        raise ValueError("there is no record")
    document = form.document
    earlier = value.get("earlier")
    if earlier is not None:
        return Edit(value.start, value.end, earlier.text or "")
    given = form.holder.get(form.record_in) if form.record_in else None
    if given is not None and given.items is not None:
        return Edit(given.start, given.end, document.source(given.items[0]))
    if given is not None and len(holder.members or []) == 1 and value.get("made") is not None:
        keys = [key.text for key, _ in form.holder.members or []]
        holder, index = form.holder, keys.index(form.record_in)
    children = Children(document, holder)
    if index:
        return children.taken_after(index)
    if len(children.spans) > 1:
        return children.taken_first(0)
    return Edit(*children.spans[0], "")


def without_records(document: Document) -> str:
    """The text to show: how long each record is takes the place of its contents, which no one reads."""
    edits = []
    for form in forms_of(document):
        _, _, value = _found(form)
        # One that a formatter has given lines of its own is not long in any of them.
        if value is not None and not value.is_block:
            edits.append(Edit(value.start, value.end, f"{{… {value.end - value.start} characters}}"))
    return edited(document.text, edits)


def _put(document: Document, holder: Node, name: str, value: str) -> Edit:
    children = Children(document, holder)
    if holder.is_block:
        # Behind a block's last value there may be lines that belong to it.
        return children.put_first(f"{name}: {value}")
    return children.put_after(len(children.spans) - 1, f'"{name}": {value}')


def _found(form: Form) -> tuple[Node, int, Node | None]:
    """The mapping that has the record, which member of it that is, and the record."""
    holder: Node | None = form.holder
    if form.record_in:
        holder = form.holder.get(form.record_in)
        if holder is not None and holder.items:
            holder = holder.items[-1]
    for index, (key, value) in enumerate((holder.members if holder is not None else None) or []):
        if holder is not None and key.text == NAME:
            return holder, index, value
    return form.holder, -1, None


def _plain(document: Document, node: Node) -> Any:
    if node.members is not None:
        return {key.text: _plain(document, value) for key, value in node.members}
    if node.items is not None:
        return [_plain(document, each) for each in node.items]
    return node.text if node.text is not None else document.source(node)
