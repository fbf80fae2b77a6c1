"""The values of a document with their places in its text, so that it can be edited in place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(eq=False)
class Node:
    """A value. It stands at ``start`` and ends before ``end``, without comments and blank lines after it."""

    start: int
    end: int
    text: str | None = None
    """What a text, or any scalar of YAML, says. None for collections, and for JSON's numbers and the like."""
    members: list[tuple[Node, Node]] | None = None
    items: list[Node] | None = None
    inside: int = 0
    """Where a collection's first item or member may begin."""
    is_block: bool = False
    """Whether it is a collection of YAML that has lines of its own."""
    tag: str = ""
    """A function of CloudFormation in its short form, such as ``!Ref``."""
    anchor: str = ""
    alias_of: Node | None = None

    @property
    def real(self) -> Node:
        """The value itself: for an alias, that of the anchor."""
        return self if self.alias_of is None else self.alias_of

    @property
    def is_mapping(self) -> bool:
        """Whether it has members, and no tag that makes a function of it."""
        return self.real.members is not None and not self.real.tag

    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """The members, with those that YAML's merge keys (``<<``) bring."""
        seen = set()
        merged: list[Node] = []
        for key, value in self.real.members or []:
            if key.text == "<<":
                merged += value.real.items or [value]
            else:
                seen.add(key.text)
                yield key, value
        for each in merged:
            for key, value in each.pairs():
                if key.text not in seen:
                    seen.add(key.text)
                    yield key, value

    def get(self, name: str) -> Node | None:
        """The member of this name."""
        return next((value for key, value in self.pairs() if key.text == name), None)


@dataclass(frozen=True)
class Document:
    """``text``, and the values in it."""

    text: str
    root: Node
    is_json: bool
    aliases: Sequence[Node] = field(default=(), repr=False)

    def source(self, node: Node) -> str:
        """A value as it is written."""
        return self.text[node.start : node.end]

    def name(self, node: Node) -> str:
        """The text of an id or a reference. Of one that a function makes, what stands in the document."""
        found = node.real
        return (
            found.text if found.text is not None and not found.tag else " ".join(self.source(found).split())
        )

    def line(self, at: int) -> int:
        """The number of the line, from 1."""
        return self.text.count("\n", 0, at) + 1


def choices(node: Node) -> Iterator[Node]:
    """What may stand there: the branches of CloudFormation's ``Fn::If`` or ``!If``, else the value alone."""
    branches = _branches(node.real)
    if branches is None:
        yield node
    else:
        for branch in branches:
            yield from choices(branch)


def is_function(node: Node) -> bool:
    """Whether it is a function of CloudFormation, such as ``Ref``."""
    found = node.real
    if found.tag:
        return True
    name = found.members[0][0].text or "" if _is_single(found) and found.members else ""
    return name == "Ref" or name.startswith("Fn::")


def is_no_value(node: Node) -> bool:
    """Whether it is ``AWS::NoValue``, which takes out what it stands for."""
    found = node.real
    if found.tag == "!Ref":
        return found.text == "AWS::NoValue"
    given = found.get("Ref") if _is_single(found) else None
    return given is not None and given.real.text == "AWS::NoValue"


def texts(node: Node, *, in_functions_alone: bool) -> set[str]:
    """All texts in a value, or those in its functions of CloudFormation: any of them may be a reference."""
    found: set[str] = set()
    todo = [(node, not in_functions_alone)]
    seen = set()
    while todo:
        each, counts = todo.pop()
        each = each.real
        counts = counts or bool(each.tag)
        if (id(each), counts) in seen:
            continue
        seen.add((id(each), counts))
        if counts and each.text is not None:
            found.add(each.text)
        todo += [(item, counts) for item in each.items or []]
        todo += [(value, counts or (key.text or "").startswith("Fn::")) for key, value in each.members or []]
    return found


def _branches(found: Node) -> Sequence[Node] | None:
    arguments: Node | None = found if found.tag == "!If" else None
    if _is_single(found) and found.members and found.members[0][0].text == "Fn::If":
        arguments = found.members[0][1].real
    items = arguments.items if arguments is not None else None
    return items[1:] if items is not None and len(items) == 3 else None


def _is_single(found: Node) -> bool:
    return found.members is not None and len(found.members) == 1 and not found.tag
