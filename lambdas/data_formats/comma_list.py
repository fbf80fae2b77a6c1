"""Lists with commas: of columns, or of names."""

from __future__ import annotations

_QUOTES = '"`'
"""Double quotes, and MySQL's backticks."""


def comma_separated(text: str) -> list[str]:
    """Split ``text`` at its commas, except for commas in quotes or parentheses."""
    found = [""]
    depth = 0
    quote = ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in _QUOTES and not found[-1].strip():
            quote = character
        else:
            depth += (character == "(") - (character == ")")
        if character == "," and depth == 0 and not quote:
            found.append("")
        else:
            found[-1] += character
    return [part.strip() for part in found]
