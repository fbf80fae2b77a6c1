"""Puts nodes together as a parser comes by them."""

from __future__ import annotations

from pipelines.converting.nodes import Node
from pipelines.reading.source import UnreadableError

_DEPTH = 300
_MAY_STAND_TWICE = {"//", "<<"}
"""Comments of Terraform, and merge keys."""


class Builder:
    """``put`` takes values in their order, ``begin`` and ``end`` collections."""

    def __init__(self) -> None:
        self._open: list[Node] = [Node(0, 0, items=[])]
        self._keys: list[Node | None] = [None]

    @property
    def root(self) -> Node | None:
        """The value of the document; None if it is empty."""
        return next(iter(self._open[0].items or []), None)

    @property
    def innermost(self) -> Node:
        """The collection that is not complete."""
        return self._open[-1]

    def put(self, node: Node) -> None:
        """A value, or a member's key."""
        into = self._open[-1]
        if into.items is not None:
            into.items.append(node)
        elif into.members is not None:
            key = self._keys[-1]
            if key is not None:
                into.members.append((key, node))
            self._keys[-1] = node if key is None else None

    def begin(self, node: Node) -> None:
        """A collection. Raises UnreadableError if it is nested too deeply."""
        self.put(node)
        self._open.append(node)
        self._keys.append(None)
        if len(self._open) > _DEPTH:
            raise UnreadableError("not a definition: it is nested too deeply")

    def end(self) -> Node:
        """The collection that is complete. Raises UnreadableError for a member that stands twice in it."""
        self._keys.pop()
        node = self._open.pop()
        names = set()
        for key, _ in node.members or []:
            if key.text in names and key.text not in _MAY_STAND_TWICE:
                raise UnreadableError(
                    f"the member '{key.text}' stands twice in one object: leave one of them"
                )
            names.add(key.text)
        return node
