"""YAML as nodes. Scalars are text, as for `check`."""

from __future__ import annotations

from typing import Any

import yaml

from pipelines.converting.building import Builder
from pipelines.converting.nodes import Document, Node
from pipelines.reading.source import UnreadableError
from pipelines.reading.yaml_text import parse_yaml

_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def yaml_document(text: str) -> Document:
    """Raises UnreadableError for what is not YAML, and for aliases within what they repeat."""
    parse_yaml(text)
    reader = _Reader(text)
    for event in yaml.parse(text, Loader=_Loader):
        reader.take(event)
    root = reader.builder.root
    if root is None:
        raise UnreadableError("empty")
    return Document(text, root, is_json=False, aliases=tuple(reader.aliases))


class _Reader:
    """Makes nodes of the parser's events, which tell where aliases stand."""

    def __init__(self, text: str) -> None:
        self.builder = Builder()
        self.aliases: list[Node] = []
        self._text = text
        self._anchors: dict[str, Node] = {}
        self._open: list[Node] = []

    def take(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.AliasEvent):
            target = self._anchors[event.anchor]
            if target in self._open:
                raise UnreadableError(f"not a definition: the alias *{event.anchor} stands within its anchor")
            self.aliases.append(Node(start, end, alias_of=target))
            self.builder.put(self.aliases[-1])
        elif isinstance(event, yaml.ScalarEvent):
            # A block scalar's mark is behind its blank lines.
            last = start + len(self._text[start:end].rstrip()) if event.style in {"|", ">"} else end
            self.builder.put(self._node(event, Node(start, last, text=event.value)))
        elif isinstance(event, yaml.CollectionStartEvent):
            # Of a sequence that is not indented, the event has the first dash.
            inside = end - 1 if not event.flow_style and self._text[start:end].endswith("-") else end
            node = Node(start, end, inside=inside, is_block=not event.flow_style)
            if isinstance(event, yaml.SequenceStartEvent):
                node.items = []
            else:
                node.members = []
            self.builder.begin(self._node(event, node))
            self._open.append(node)
        elif isinstance(event, yaml.CollectionEndEvent):
            node = self.builder.end()
            self._open.pop()
            # That of a block is where the next token begins.
            node.end = _last(node) if node.is_block else end

    def _node(self, event: Any, node: Node) -> Node:
        node.tag = event.tag if event.tag and event.tag.startswith("!") and event.tag != "!" else ""
        node.anchor = event.anchor or ""
        if event.anchor:
            self._anchors[event.anchor] = node
        return node


def _last(node: Node) -> int:
    """Where a block's last value ends."""
    if node.members:
        return node.members[-1][1].end
    return node.items[-1].end if node.items else node.end
