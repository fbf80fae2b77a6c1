"""Edits of a text, and places in it: each value keeps the comments, blank lines and spelling around it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.converting.nodes import Document, Node

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_NOT_TEXT = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""Plain scalars that YAML 1.1 may take for something else."""


@dataclass(frozen=True, order=True)
class Edit:
    """``text`` takes the place of what is from ``start`` up to ``end``."""

    start: int
    end: int
    text: str


def edited(text: str, edits: Iterable[Edit], start: int = 0, end: int | None = None) -> str:
    """The text, or a part of it, with all edits that are in it. Those of an alias's value may come twice."""
    parts = []
    at = start
    for edit in sorted(set(edits)):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:end]])


def scalar(document: Document, value: str, like: Node | None = None) -> str:
    """A text as a scalar, written as ``like`` is."""
    if document.is_json:
        return json.dumps(value, ensure_ascii=document.text.isascii())
    before = document.source(like)[:1] if like is not None else ""
    is_simple = bool(_PLAIN.fullmatch(value))
    if before == "'" and is_simple:
        return f"'{value}'"
    if before != '"' and is_simple and value.lower() not in _NOT_TEXT:
        return value
    return flow(value)


def flow(value: Any) -> str:
    """A value in one line, as JSON that is YAML too: YAML has no surrogate pairs."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(r"[\x7f-\uffff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def gap_before(document: Document, key: Node, value: Node) -> str:
    """What is to be between a member's key and a new value, which is a scalar."""
    gap = document.text[key.end : value.start]
    is_quoted = gap == ":" and value.end > value.start
    fits = document.is_json or "#" in gap or is_quoted or (gap.strip(" \t") == ":" and gap != ":")
    return gap if fits else ": "


class Children:
    """The items or members of a collection, each from its dash or key to its value's end."""

    def __init__(self, document: Document, collection: Node) -> None:
        self._text = document.text
        self.node = collection
        if collection.members is not None:
            self.spans = [(key.start, value.end) for key, value in collection.members]
        else:
            self.spans = []
            at = collection.inside
            for item in collection.items or []:
                start = _dash(self._text, at, item.start) if collection.is_block else item.start
                self.spans.append((start, item.end))
                at = item.end

    def put_after(self, index: int, text: str) -> Edit:
        """Insert a sibling after this child. ``taken_after`` removes it again."""
        start, end = self.spans[index]
        if not self.node.is_block:
            return Edit(end, end, self._separator(index) + text)
        end = _line_end(self._text, end)
        indent = " " * (start - _line_start(self._text, start))
        return Edit(end, end, f"{new_line(self._text)}{indent}{text}")

    def taken_after(self, index: int) -> Edit:
        """Remove this child, which has one before it, with what separates the two."""
        before, end = self.spans[index - 1][1], self.spans[index][1]
        if self.node.is_block:
            before, end = _line_end(self._text, before), _line_end(self._text, end)
        return Edit(before, end, "")

    def put_first(self, text: str) -> Edit:
        """Insert a first child into a block. ``taken_first`` removes it again."""
        start = self.spans[0][0]
        indent = " " * (start - _line_start(self._text, start))
        return Edit(start, start, f"{text}{new_line(self._text)}{indent}")

    def taken_first(self, index: int) -> Edit:
        """Remove this child, which has one behind it, up to that."""
        return Edit(self.spans[index][0], self.spans[index + 1][0], "")

    def taken(self, first: int, last: int) -> tuple[Edit, dict[str, Any]]:
        """Remove neighbours. Returns also what ``put_back`` needs for them: how they stood, and where."""
        start, end = self.spans[first][0], self.spans[last][1]
        before = self.spans[first - 1][1] if first else None
        after = self.spans[last + 1][0] if last + 1 < len(self.spans) else None
        if self.node.is_block and not self._text[_line_start(self._text, start) : start].strip(" "):
            by, start, end = "line", _line_start(self._text, start), _next_line(self._text, end)
        elif "#" in (self._text[end:after] if after is not None else self._text[before:start]):
            # Comments of YAML stay, and so does the comma before the last: YAML allows it.
            by, end = "gap", self._behind_comma(end)
        elif after is not None:
            by, end = "before", after
        elif before is not None:
            by, start = "after", before
        else:
            by = "only"
        gap = start - before if before is not None else after - end if after is not None else 0
        more = {"gap": gap} if by in {"line", "gap"} else {}
        return Edit(start, end, ""), {"at": first, "by": by, **more, "text": self._text[start:end]}

    def put_back(self, record: Mapping[str, Any], at: int) -> Edit:
        """Undo ``taken``, even if the neighbours have changed since."""
        text, by = str(record["text"]), record["by"]
        bare = text.strip(", \t\r\n")
        at = min(at, len(self.spans))
        before = self.spans[at - 1][1] if at else None
        after = self.spans[at][0] if at < len(self.spans) else None
        place = self._place(before, after, int(record.get("gap", 0)))
        if by == "line":
            if place is None or _line_start(self._text, place) != place:
                place = self._line_between(before, after)
        elif by == "gap" and place is not None and (before is None or "," in self._text[before:place]):
            pass
        elif by == "before" and after is not None:
            place = after
        elif by == "after" and before is not None:
            place = before
        # What stood beside it is gone: the separator changes sides.
        elif before is not None:
            place, text = before, f", {bare}"
        elif after is not None:
            place, text = after, f"{bare}, "
        else:
            place, text = self.node.inside, text if by == "only" else bare
        return Edit(place, place, text)

    def _place(self, before: int | None, after: int | None, gap: int) -> int | None:
        """Where it stood between its neighbours, if there is as much between them."""
        if before is not None:
            most = len(self._text) if self.node.is_block else self.node.end
            return before + gap if before + gap <= (after or most) else None
        return after - gap if after is not None else None

    def _line_between(self, before: int | None, after: int | None) -> int:
        if before is not None:
            return _next_line(self._text, before)
        return _line_start(self._text, after if after is not None else self.node.end)

    def _behind_comma(self, end: int) -> int:
        found = re.compile(r"[ \t]*,").match(self._text, end)
        return found.end() if found else end

    def _separator(self, index: int) -> str:
        for left, right in ((index, index + 1), (index - 1, index)):
            if left >= 0 and right < len(self.spans):
                found = self._text[self.spans[left][1] : self.spans[right][0]]
                if re.fullmatch(r"\s*,\s*", found):
                    return found
        return ", "


def runs(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbours among sorted numbers, as first and last."""
    found: list[tuple[int, int]] = []
    for index in indices:
        if found and found[-1][1] == index - 1:
            found[-1] = (found[-1][0], index)
        else:
            found.append((index, index))
    return found


def new_line(text: str) -> str:
    """How the text's first line ends."""
    found = _LINE_END.search(text)
    return found[0] if found and found[0] else "\n"


_LINE_END = re.compile(r"\r\n?|\n|\Z")


def _dash(text: str, start: int, end: int) -> int:
    """The dash of a block's item, which only spaces and comments precede."""
    gap = re.sub(r"(?<![^\s])#[^\r\n]*", lambda found: " " * len(found[0]), text[start:end])
    return start + gap.index("-")


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def _line_end(text: str, at: int) -> int:
    found = _LINE_END.search(text, at)
    return found.start() if found else len(text)


def _next_line(text: str, at: int) -> int:
    found = _LINE_END.search(text, at)
    return found.end() if found else len(text)
