"""What the words and the body of a loop tell: how often it runs, how long it waits, and what may leave it."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Sequence

from pipelines.commands.words import Call, Item, Word

_ENDS = {"break", "continue", "eval", "exec", "exit", "kill", "return", "source", "."}
_RANGE = re.compile(r"\{(\d{1,6})\.\.(\d{1,6})\}|\$\(\s*seq\s+(?:(\d{1,6})\s+)?(\d{1,6})\s*\)")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def leaves(items: Sequence[Item], functions: Container[str], names: Container[str] = _ENDS) -> bool:
    """Whether one of ``names``, or of ``functions``, is called in a body."""
    for item in items:
        node = item.node
        if isinstance(node, Call):
            name = node.words[0].literal if node.words else ""
            if name in names or name in functions or (name is None and names is _ENDS):
                return True
        elif any(leaves(body, functions, names) for body in node.bodies):
            return True
    return False


def rounds(words: Sequence[Word]) -> int:
    """How often ``for`` runs over ``words``; 0 if they do not tell."""
    if len(words) == 1 and (found := _RANGE.fullmatch(words[0].shown)):
        first, last = int(found[1] or found[3] or 1), int(found[2] or found[4])
        return abs(last - first) + 1 if found[1] else max(last - first + 1, 0)
    literals = [word.literal for word in words]
    return 0 if any(text is None or set("*?[{") & set(text) for text in literals) else len(literals)


def slept_in(items: Sequence[Item]) -> float:
    """For how many seconds a body sleeps, whatever else happens in it."""
    total = 0.0
    for position, item in enumerate(items):
        follows = items[position + 1].connector if position + 1 < len(items) else ";"
        node = item.node
        if item.connector != ";" or follows == "|" or item.background or not isinstance(node, Call):
            continue
        if node.words and node.words[0].literal == "sleep":
            total += seconds_of(node.words[1:]) or 0
    return total


def seconds_of(words: Sequence[Word]) -> float | None:
    """What ``sleep`` makes of its operands (GNU Coreutils manual, sleep); None if they do not tell."""
    seconds = 0.0
    for word in words:
        text = word.literal or ""
        found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)([smhd]?)", text)
        if text.lower() in {"inf", "infinity"}:
            return math.inf
        if found is None:
            return None
        seconds += float(found[1]) * _UNIT_SECONDS[found[2]]
    return seconds if words else None
