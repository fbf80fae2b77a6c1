"""What handlers return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FINISHED = {"status": "FINISHED"}


def failure(response: Mapping[str, Any], error_id: str) -> str:
    """The message of a failure with this ``errorId``; any other response fails the test."""
    assert (response["status"], response.get("errorId")) == ("FAILED", error_id), response
    message = response["errorMessage"]
    assert isinstance(message, str)
    return message
