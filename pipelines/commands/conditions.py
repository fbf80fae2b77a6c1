"""What ``test``, ``[`` and ``[[`` say, as far as words tell (GNU Bash manual, Conditional Expressions)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from pipelines.commands.words import Word

LOOKING = frozenset("-" + letter for letter in "abcdefghprsuwxLS")
"""Operators that look for a file."""
_IS_NUMBER = re.compile(r"\s*[-+]?\d+\s*")
_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": int.__eq__,
    "-ne": int.__ne__,
    "-lt": int.__lt__,
    "-le": int.__le__,
    "-gt": int.__gt__,
    "-ge": int.__ge__,
}


def truth(
    words: Sequence[Word], has: Callable[[Word], bool | None], *, patterns: bool = False
) -> bool | None:
    """Whether it holds; None if that is not known.

    ``has`` tells whether a file is there. With ``patterns``, as in ``[[``, the right side of ``=`` is one.
    """
    if any(word.literal in {"(", ")"} for word in words):
        return None
    if words and words[0].literal == "!" and 1 < len(words) <= 4:
        found = truth(words[1:], has, patterns=patterns)
        return None if found is None else not found
    texts = [word.literal for word in words]
    if len(words) == 1:
        return None if texts[0] is None else bool(texts[0])
    if len(words) == 2:
        return _unary(texts[0], words[1], has)
    if len(words) == 3 and texts[1] not in {"-a", "-o", "&", "|"}:
        return _binary(texts[0], texts[1], texts[2], patterns)
    # In [[, && and || are two words each.
    for alone in ("-o", "|"):
        if alone in texts:
            at = texts.index(alone)
            rest = at + 1 + (texts[at + 1 : at + 2] == ["|"])
            one, other = (truth(part, has, patterns=patterns) for part in (words[:at], words[rest:]))
            return True if True in (one, other) else False if (one, other) == (False, False) else None
    for both in ("-a", "&"):
        if both in texts:
            at = texts.index(both)
            rest = at + 1 + (texts[at + 1 : at + 2] == ["&"])
            one, other = (truth(part, has, patterns=patterns) for part in (words[:at], words[rest:]))
            return False if False in (one, other) else True if (one, other) == (True, True) else None
    return None


def matches(word: Word, pattern: Word) -> bool | None:
    """Whether a word is like a pattern (GNU Bash manual, Pattern Matching); None if that is not known."""
    text, like = word.literal, pattern.literal
    if text is None or like is None:
        return None
    if not re.search(r"[*?\[\]\\(|]", like):
        return text == like
    if pattern.is_quoted or re.search(r"[\\(|!^]|\[.*:", like):
        return None
    return fnmatchcase(text, like)


def _unary(operator: str | None, word: Word, has: Callable[[Word], bool | None]) -> bool | None:
    if operator in {"-z", "-n"} and word.literal is not None:
        return bool(word.literal) is (operator == "-n")
    if operator in LOOKING and has(word) is False:
        return False
    return None


def _binary(left: str | None, operator: str | None, right: str | None, patterns: bool) -> bool | None:
    if left is None or right is None or operator is None:
        return None
    if operator in {"=", "==", "!="} and not (patterns and re.search(r"[*?\[\\]", right)):
        return (left == right) is (operator != "!=")
    if operator == "=~" and re.fullmatch(r"[\w^$.*+ ,/:@-]*", right):
        return _like(left, right)
    if operator in _NUMBERS and re.fullmatch(r"-?\d{1,18}", left) and re.fullmatch(r"-?\d{1,18}", right):
        return _NUMBERS[operator](int(left), int(right))
    if operator in _NUMBERS and not patterns and not all(map(_IS_NUMBER.fullmatch, (left, right))):
        return False  # An error, which is not 0 either.
    return None


def _like(text: str, expression: str) -> bool | None:
    """An extended regular expression of characters that mean the same in Python."""
    try:
        return bool(re.search(expression, text))
    except re.error:
        return None
