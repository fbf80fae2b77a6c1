"""JSON as nodes."""

from __future__ import annotations

import json
import re

from pipelines.converting.building import Builder
from pipelines.converting.nodes import Document, Node
from pipelines.reading.json_text import parse_json

_TOKEN = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")|([\[{])|([\]}])|([^ \t\n\r\[\]{}:,"]+)', re.DOTALL)


def json_document(text: str) -> Document:
    """Raises UnreadableError for what is not JSON, and for members that stand twice: which one counts?"""
    parse_json(text)
    # From here on it is known to be JSON, so tokens are enough.
    builder = Builder()
    for match in _TOKEN.finditer(text):
        string, opening, closing, _ = match.groups()
        if closing:
            builder.end().end = match.end()
        elif opening == "[":
            builder.begin(Node(match.start(), match.end(), items=[], inside=match.end()))
        elif opening:
            builder.begin(Node(match.start(), match.end(), members=[], inside=match.end()))
        else:
            builder.put(Node(match.start(), match.end(), text=json.loads(string) if string else None))
    assert builder.root is not None, "an empty text is not JSON"  # noqa: S101
    return Document(text, builder.root, is_json=True)
