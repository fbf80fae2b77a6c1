"""Files that are read, edited and written with everything else as it was, to the byte."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.converting.editing import Edit, edited
from pipelines.converting.json_nodes import json_document
from pipelines.converting.nodes import Document
from pipelines.converting.yaml_nodes import yaml_document
from pipelines.reading.source import UnreadableError
from pipelines.reading.text import MAXIMUM_BYTES

_BOM = "\ufeff"


@dataclass(frozen=True)
class File:
    """A file's text, without its byte order mark."""

    text: str
    has_bom: bool = False

    def bytes_of(self, text: str) -> bytes:
        """Another text as this file would have it."""
        return (_BOM * self.has_bom + text).encode("utf-8")


def read(name: str) -> File:
    """A file, or standard input for ``-``. Raises UnreadableError."""
    try:
        if name == "-":
            content = sys.stdin.buffer.read(MAXIMUM_BYTES + 1)
        else:
            with Path(name).open("rb") as stream:
                content = stream.read(MAXIMUM_BYTES + 1)
        text = content.decode("utf-8")
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise UnreadableError("not text in UTF-8: save it in that encoding") from None
    if len(content) > MAXIMUM_BYTES:
        raise UnreadableError(f"larger than {MAXIMUM_BYTES // 1024 // 1024} MB")
    return File(text.removeprefix(_BOM), has_bom=text.startswith(_BOM))


def parse(text: str) -> Document:
    """JSON or YAML, as ``check`` reads it. Raises UnreadableError."""
    if not text.strip():
        raise UnreadableError("empty")
    return json_document(text) if text.lstrip()[:1] in {"{", "["} else yaml_document(text)


def edited_document(document: Document, edits: Sequence[Edit]) -> Document:
    """The document after these edits. Raises UnreadableError if it can be read no longer."""
    if not edits:
        return document
    try:
        return parse(edited(document.text, edits))
    except UnreadableError as error:
        raise UnreadableError(
            f"it is written in a way that convert cannot edit ({error}): have a formatter write it anew"
        ) from None


def difference(before: str, after: str, name: str, name_after: str) -> Iterator[str]:
    """A unified diff."""
    yield from difflib.unified_diff(
        before.splitlines(), after.splitlines(), name, name_after, lineterm="", n=2
    )
