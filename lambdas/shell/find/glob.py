"""fnmatch(3) as find uses it: ``*`` and ``?`` match ``/`` and a leading dot; ``\\`` escapes."""

from __future__ import annotations

import re

_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "digit": "0-9",
    "lower": "a-z",
    "punct": re.escape("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}


def compiled(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    """The regular expression that is equivalent to the pattern."""
    return re.compile(_translated(pattern), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _translated(pattern: str) -> str:
    parts = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*":
            parts.append(".*")
        elif character == "?":
            parts.append(".")
        elif character == "[" and (found := _bracket(pattern, at)):
            part, at = found
            parts.append(part)
        elif character == "\\":
            if at == len(pattern):
                return r"(?!)"  # fnmatch(3): a backslash at the end matches nothing
            parts.append(re.escape(pattern[at]))
            at += 1
        else:
            parts.append(re.escape(character))
    return "".join(parts)


def _bracket(pattern: str, at: int) -> tuple[str, int] | None:
    """A bracket expression that starts after its ``[``, and where it ends; None if it has no end."""
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    members: list[str] = []
    classes = ""
    first = True
    while at < len(pattern):
        if pattern[at] == "]" and not first:
            return _set(members, classes, negated), at + 1
        first = False
        if pattern.startswith("[:", at):
            name, colon, _ = pattern[at + 2 :].partition(":]")
            if colon and name in _CLASSES:
                classes += _CLASSES[name]
                at += len(name) + 4
                continue
        if pattern[at] == "\\" and at + 1 < len(pattern):
            at += 1
        members.append(pattern[at])
        at += 1
        if pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] not in ("", "]"):
            at += 1 + (pattern[at + 1] == "\\" and at + 2 < len(pattern))
            members[-1] += pattern[at]
            at += 1
    return None


def _set(members: list[str], classes: str, negated: bool) -> str:
    ranges = [m for m in members if len(m) == 1 or m[0] <= m[1]]
    inside = "".join("-".join(map(re.escape, m)) for m in ranges) + classes
    if not inside:
        return "." if negated else "(?!)"
    return f"[{'^' if negated else ''}{inside}]"
