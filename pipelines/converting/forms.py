"""The objects of a definition in each form of document, where they stand in its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from pipelines.converting.nodes import Document, Node, choices, is_no_value, texts
from pipelines.reading import cloudformation, terraform
from pipelines.reading.source import UnreadableError


@dataclass(frozen=True)
class Words:
    """How a form names the parts of an object, and of a field."""

    id: str
    fields: str
    key: str
    string: str
    ref: str


API = Words("id", "fields", "key", "stringValue", "refValue")
CLOUDFORMATION = Words("Id", "Fields", "Key", "StringValue", "RefValue")
TERRAFORM = Words("id", "field", "key", "string_value", "ref_value")


@dataclass(frozen=True)
class Field:
    """A field as it stands in the document."""

    key: str
    at: tuple[int, int]
    """Which list of fields, and which child of it; the latter is -1 for a list that is one field alone."""
    is_choice: bool
    """Whether it is a branch of a function, so that it cannot be taken out alone."""
    node: Node
    """The whole field; in the AWS CLI's form its value."""
    key_node: Node
    value: Node | None
    reference: Node | None
    """The members of a list's entry for a text and for a reference. In the AWS CLI's form both are `node`."""


@dataclass(eq=False)
class Object:
    """An object, or a branch of a function that is one."""

    id: str
    at: tuple[int, int, int]
    """Which list of objects, which child of it (-1 for a list that is one object), which branch of that."""
    occurrence: int
    """How many objects before it have the same id: branches of a function may."""
    node: Node
    lists: list[Node]
    """Its lists of fields; in the AWS CLI's form, it itself."""
    fields: list[Field] = field(default_factory=list)

    def named(self, key: str) -> list[Field]:
        """The fields with this key."""
        return [each for each in self.fields if each.key == key]


@dataclass(eq=False)
class Form:
    """One pipeline in a document. Without ``words``, objects have fields for members."""

    name: str
    """For a document with several pipelines."""
    document: Document
    holder: Node
    """The mapping that keeps the record."""
    record_in: str
    """The member for the record, if it is not the holder's own."""
    lists: list[Node]
    words: Words | None

    @cached_property
    def objects(self) -> list[Object]:
        """In the order of the document. Raises UnreadableError for what is no object."""
        found = []
        seen: dict[str, int] = {}
        for number, each in enumerate(self.lists):
            for index, slot in _slots(each):
                for branch, node in enumerate(choices(slot)):
                    if is_no_value(node):
                        continue
                    if node.real.members is None and not node.real.tag:
                        raise UnreadableError(
                            f"line {self.document.line(node.start)}: an object is expected, and it is "
                            f"{self.document.source(node)[:40]!r}"
                        )
                    object_id = self._id(node)
                    at = (number, index, branch)
                    found.append(self._object(object_id, at, seen.get(object_id, 0), node))
                    seen[object_id] = seen.get(object_id, 0) + 1
        return found

    def find(self, object_id: str, occurrence: int) -> Object | None:
        """An object by its id."""
        return self._by_id.get((object_id, occurrence))

    @cached_property
    def _by_id(self) -> dict[tuple[str, int], Object]:
        return {(each.id, each.occurrence): each for each in self.objects}

    def text(self, field: Field) -> str | None:
        """A field's text, if it has one."""
        node = field.value.real if field.value is not None else None
        return node.text if node is not None and not node.tag else None

    def type(self, found: Object) -> str:
        """An object's type; empty if it is not known."""
        return next((self.text(each) or "" for each in found.named("type")), "")

    def references(self, found: Object) -> set[str]:
        """The ids that an object refers to, or may refer to by a function."""
        names = texts(found.node, in_functions_alone=True)
        for each in found.fields:
            for node in choices(each.reference) if each.reference is not None else ():
                if self.words is not None:
                    names.add(self.document.name(node))
                else:
                    refs = [one.get("ref") for one in node.real.items or [node]]
                    names |= {self.document.name(one) for one in refs if one is not None}
        return names

    def _id(self, node: Node) -> str:
        given = node.get(self.words.id if self.words else "id")
        return self.document.name(given) if given is not None else ""

    def _object(self, object_id: str, at: tuple[int, int, int], occurrence: int, node: Node) -> Object:
        if self.words is None:
            found = Object(object_id, at, occurrence, node, [node.real])
            places = {id(key): index for index, (key, _) in enumerate(node.real.members or [])}
            found.fields = [
                Field(key.text or "", (0, places.get(id(key), -1)), False, value, key, value, value)
                for key, value in node.pairs()
                if key.text not in {"id", "name"}
            ]
            return found
        given = node.get(self.words.fields)
        lists = [each.real for each in choices(given)] if given is not None else []
        found = Object(object_id, at, occurrence, node, lists)
        for number, each in enumerate(lists):
            for index, slot in _slots(each):
                branches = list(choices(slot))
                for entry in branches:
                    key = entry.get(self.words.key)
                    if key is not None:
                        found.fields.append(
                            Field(
                                key.real.text or "",
                                (number, index),
                                branches != [slot],
                                entry,
                                key,
                                entry.get(self.words.string),
                                entry.get(self.words.ref),
                            )
                        )
        return found


def _slots(found: Node) -> Iterator[tuple[int, Node]]:
    """The children of a list, or what stands there without one, as Terraform allows."""
    items = found.real.items
    if items is None or found.real.tag:
        yield -1, found
    else:
        yield from enumerate(items)


def forms_of(document: Document) -> list[Form]:
    """The pipelines in a document. Raises UnreadableError if there are none, or none to change."""
    found = list(_forms(document, document.root, ""))
    if not found:
        raise UnreadableError("no definition of a pipeline of AWS Data Pipeline in it")
    return found


_FORMS = (
    "no definition: one has 'objects' (the AWS CLI, the console), 'pipelineObjects' (the API), 'Resources' "
    "(CloudFormation) or 'resource' (Terraform's configuration in JSON)"
)


def _forms(document: Document, node: Node, name: str) -> Iterator[Form]:
    if node.real.items is not None:
        for number, each in enumerate(node.real.items, 1):
            yield from _forms(document, each, f"{name}#{number}")
        return
    for member, words in (("objects", None), ("pipelineObjects", API)):
        objects = node.get(member)
        if objects is not None and objects.real.items is not None:
            yield Form(name, document, node.real, "", [objects.real], words)
            return
    resources = node.get("Resources")
    if resources is not None and resources.is_mapping:
        yield from _of_template(document, resources, name)
    elif (configuration := node.get("resource")) is not None:
        yield from _of_terraform(document, configuration, name)
    elif node.get("planned_values") is not None or node.get("values") is not None:
        raise UnreadableError(
            "a plan or state of Terraform, which Terraform does not read back: convert the configuration, if "
            "it is JSON (*.tf.json); in HCL (*.tf), write workerGroup in the place of runsOn by hand"
        )
    else:
        raise UnreadableError(_FORMS)


def _of_template(document: Document, resources: Node, name: str) -> Iterator[Form]:
    for key, resource in resources.pairs():
        kind, properties = resource.get("Type"), resource.get("Properties")
        if kind is None or kind.real.text != cloudformation.TYPE or properties is None:
            continue
        objects = properties.get("PipelineObjects")
        lists = [each.real for each in choices(objects) if not is_no_value(each)] if objects else []
        for each in lists:
            if each.items is None or each.tag:
                raise UnreadableError(
                    f"line {document.line(each.start)}: a function makes the PipelineObjects of "
                    f"'{key.text}', and a list, or Fn::If with lists, is expected: write the objects out"
                )
        where = f"{name}: {key.text}" if name else key.text or ""
        yield Form(where, document, resource.real, "Metadata", lists, CLOUDFORMATION)


def _of_terraform(document: Document, configuration: Node, name: str) -> Iterator[Form]:
    for group in configuration.real.items or [configuration]:
        labels = group.get(terraform.TYPE)
        for key, blocks in labels.pairs() if labels is not None else ():
            for block in blocks.real.items if blocks.real.items is not None else [blocks]:
                objects = block.get("pipeline_object")
                if objects is not None:
                    where = f"{name}: {key.text}" if name else key.text or ""
                    yield Form(where, document, block.real, "//", [objects.real], TERRAFORM)
