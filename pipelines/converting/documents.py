"""Documents that are read, changed and written with everything else as it was."""

from __future__ import annotations

import difflib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipelines.reading.source import UnreadableError


@dataclass
class Document:
    """A document, and how to write it."""

    content: Any
    is_json: bool
    indent: int | str | None = 2
    is_ascii: bool = True
    yaml: Any = None

    @classmethod
    def parse(cls, text: str) -> Document:
        """Read JSON or YAML. Raises UnreadableError."""
        if text.lstrip()[:1] in {"{", "["}:
            indent = re.search(r"\n([ \t]+)\S", text)
            return cls(
                _json(text),
                is_json=True,
                indent=None if "\n" not in text.strip() else indent[1] if indent else 2,
                is_ascii=text.isascii(),
            )
        return _yaml(text)

    def text(self) -> str:
        """The document as text."""
        if self.is_json:
            indent = self.indent
            return json.dumps(self.content, indent=indent, ensure_ascii=self.is_ascii) + "\n"
        out = io.StringIO()
        self.yaml.dump(self.content, out)
        return out.getvalue()


def difference(before: str, after: str, name: str) -> Iterator[str]:
    """A unified diff."""
    yield from difflib.unified_diff(
        before.splitlines(), after.splitlines(), name, f"{name} for the worker group", lineterm="", n=2
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UnreadableError(f"not valid JSON: {error.msg} in {where}") from None
    except RecursionError:
        raise UnreadableError("not a definition: its JSON is nested too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a member that stands twice: one of the two would silently go."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnreadableError(f"the member '{twice}' stands twice in one object")
    return found


def _yaml(text: str) -> Document:
    # Unlike PyYAML, it keeps comments, order, quotes and the functions of templates.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    indent = re.search(r"^( *)\S[^\n]*:\n( *)- ", text, re.MULTILINE)
    if indent and len(indent[2]) > len(indent[1]):
        yaml.indent(mapping=2, sequence=4, offset=2)
    try:
        content = yaml.load(text)
    except (YAMLError, RecursionError, ValueError) as error:
        raise UnreadableError(f"neither valid JSON nor YAML: {' '.join(str(error).split())[:200]}") from None
    return Document(content, is_json=False, yaml=yaml)
