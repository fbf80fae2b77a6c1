"""The objects of a definition in each form of document, so that they can be changed in place.

Whatever is not touched stays as it was: the order of members, unknown fields, and comments of YAML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, MutableSequence
from dataclasses import dataclass
from typing import Any

from pipelines.reading import cloudformation, terraform
from pipelines.reading.source import UnreadableError

Object = MutableMapping[str, Any]
RECORD = "convertedFrom"
"""The member that says what was changed. All readers of definitions ignore it."""


@dataclass(frozen=True)
class Field:
    """A field as it stands in the document. ``entry`` is its value, or its member of ``fields``."""

    key: str
    entry: Any
    reference: str | None
    """The id that it refers to; None if it is text, or refers to what only a deployment knows."""


class Form:
    """The AWS CLI's and the console's form: an object's fields are its members."""

    def __init__(self, holder: Object, objects: MutableSequence[Any]) -> None:
        self.holder = holder
        """Where the record is kept."""
        self.objects = objects

    def id(self, found: Object) -> str:
        """An object's id."""
        return str(found.get("id", ""))

    def fields(self, found: Object) -> list[Field]:
        """An object's fields in order."""
        return [
            Field(key, value, self._reference(value))
            for key, value in found.items()
            if key not in {"id", "name"}
        ]

    def set_fields(self, found: Object, fields: list[Field]) -> None:
        """Replace an object's fields; ``id`` and ``name`` keep their places."""
        before = list(found.items())
        waiting = list(fields)
        members: list[tuple[str, Any]] = []
        after = [index for index, (key, _) in enumerate(before) if key in {"id", "name"}]
        # id and name stand before as many fields as they did.
        places = {index: sum(key not in {"id", "name"} for key, _ in before[:index]) for index in after}
        for index in after:
            while waiting and len([1 for key, _ in members if key not in {"id", "name"}]) < places[index]:
                field = waiting.pop(0)
                members.append((field.key, field.entry))
            members.append(before[index])
        members += [(field.key, field.entry) for field in waiting]
        found.clear()
        for key, value in members:
            found[key] = value

    def text(self, key: str, value: str) -> Field:
        """A field with this text."""
        return Field(key, value, None)

    def value(self, field: Field) -> str | None:
        """A field's text, if it has one."""
        return field.entry if isinstance(field.entry, str) else None

    def read_record(self) -> Any:
        """The record; None if there is none."""
        return self.holder.get(RECORD)

    def write_record(self, record: Any) -> None:
        """Keep the record; None removes it."""
        if record is None:
            self.holder.pop(RECORD, None)
        else:
            self.holder[RECORD] = record

    def _reference(self, value: Any) -> str | None:
        given = value.get("ref") if isinstance(value, Mapping) else None
        return given if isinstance(given, str) else None


class FieldsForm(Form):
    """A form in which an object has a list of fields, with a member for each part of one."""

    def __init__(
        self, holder: Object, objects: MutableSequence[Any], names: tuple[str, str, str, str, str]
    ) -> None:
        super().__init__(holder, objects)
        self._id, self._fields, self._key, self._string, self._ref = names

    def id(self, found: Object) -> str:
        return str(found.get(self._id, ""))

    def fields(self, found: Object) -> list[Field]:
        entries = found.get(self._fields) or []
        return [
            Field(str(entry.get(self._key, "")), entry, self._reference(entry))
            for entry in (entries if isinstance(entries, list) else [entries])
            if isinstance(entry, Mapping)
        ]

    def set_fields(self, found: Object, fields: list[Field]) -> None:
        entries = found.get(self._fields)
        if not isinstance(entries, list):
            found[self._fields] = [field.entry for field in fields]
            return
        # One at a time: comments of YAML belong to positions.
        for index, field in enumerate(fields):
            if index >= len(entries):
                entries.append(field.entry)
            elif entries[index] is not field.entry:
                entries[index] = field.entry
        del entries[len(fields) :]

    def text(self, key: str, value: str) -> Field:
        return Field(key, {self._key: key, self._string: value}, None)

    def value(self, field: Field) -> str | None:
        given = field.entry.get(self._string)
        return given if isinstance(given, str) else None

    def _reference(self, value: Any) -> str | None:
        given = value.get(self._ref)
        return given if isinstance(given, str) and given else None


_API = ("id", "fields", "key", "stringValue", "refValue")
_CLOUDFORMATION = ("Id", "Fields", "Key", "StringValue", "RefValue")
_TERRAFORM = ("id", "field", "key", "string_value", "ref_value")


class TemplateForm(FieldsForm):
    """CloudFormation: the record is in the resource's Metadata."""

    def read_record(self) -> Any:
        metadata = self.holder.get("Metadata")
        return metadata.get(RECORD) if isinstance(metadata, Mapping) else None

    def write_record(self, record: Any) -> None:
        metadata = self.holder.get("Metadata")
        if record is not None:
            self.holder.setdefault("Metadata", {})[RECORD] = record
        elif isinstance(metadata, MutableMapping):
            metadata.pop(RECORD, None)
            if not metadata:
                del self.holder["Metadata"]


class TerraformForm(FieldsForm):
    """Terraform: the record is in ``//``, which Terraform ignores."""

    def read_record(self) -> Any:
        comment = self.holder.get("//")
        return comment.get(RECORD) if isinstance(comment, Mapping) else None

    def write_record(self, record: Any) -> None:
        if record is not None:
            self.holder["//"] = {RECORD: record}
        else:
            self.holder.pop("//", None)


def forms_of(document: Any) -> Iterator[tuple[str, Form]]:
    """The pipelines in a document, with a name for each if there are several.

    Raises UnreadableError if it has none, or holds something that cannot be changed in place.
    """
    if not isinstance(document, MutableMapping):
        raise UnreadableError("no definition that could be converted: it is no object")
    if isinstance(document.get("objects"), list):
        yield "", Form(document, document["objects"])
    elif isinstance(document.get("pipelineObjects"), list):
        yield "", FieldsForm(document, document["pipelineObjects"], _API)
    elif cloudformation.is_template(document):
        for name, resource in document["Resources"].items():
            if isinstance(resource, Mapping) and resource.get("Type") == cloudformation.TYPE:
                objects = (resource.get("Properties") or {}).get("PipelineObjects")
                if not isinstance(objects, list):
                    raise UnreadableError(f"the PipelineObjects of '{name}' are no list")
                yield name, TemplateForm(resource, objects, _CLOUDFORMATION)  # type: ignore[arg-type]
    elif "resource" in document:
        yield from _of_terraform(document)
    else:
        raise UnreadableError("no definition that could be converted")


def _of_terraform(document: Mapping[str, Any]) -> Iterator[tuple[str, Form]]:
    groups = document["resource"] if isinstance(document["resource"], list) else [document["resource"]]
    for group in groups:
        for label, blocks in (group.get(terraform.TYPE) or {}).items() if isinstance(group, Mapping) else ():
            for block in blocks if isinstance(blocks, list) else [blocks]:
                if isinstance(block.get("pipeline_object"), Mapping):
                    block["pipeline_object"] = [block["pipeline_object"]]
                if isinstance(block.get("pipeline_object"), list):
                    yield label, TerraformForm(block, block["pipeline_object"], _TERRAFORM)
