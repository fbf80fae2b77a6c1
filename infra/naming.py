"""Names that a person recognises in the console, made safe for AWS."""

from __future__ import annotations

import hashlib
import re


def slug(text: str, longest: int) -> str:
    """``text`` as letters, digits, ``-`` and ``_``, ``longest`` characters at most.

    A text that had to be changed or cut gets a digest, so that two texts never share a name.
    """
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")
    if safe == text and len(safe) <= longest:
        return safe
    digest = hashlib.sha256(text.encode()).hexdigest()[:6]
    return f"{safe[: longest - 7].strip('-')}-{digest}".lstrip("-")
