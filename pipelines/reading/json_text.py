"""JSON as text, with errors that say where it breaks."""

from __future__ import annotations

import json
from typing import Any

from pipelines.reading.source import UnreadableError


def parse_json(text: str) -> Any:
    """The value in ``text``. Raises UnreadableError."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(
            f"not valid JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        ) from None
    except ValueError as error:  # An integer of thousands of digits.
        raise UnreadableError(f"not a definition: {error}") from None
    except RecursionError:
        raise UnreadableError("not a definition: its JSON is nested too deeply") from None
