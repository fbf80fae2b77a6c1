"""Values of the CDK's context, from cdk.json or ``-c KEY=VALUE``, as what they stand for.

The command line gives texts, cdk.json may give numbers and booleans too. A value that is not given, or is
empty, is the default.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, overload

from infra.worker_group import ConfigurationError


class Context:
    """Each method raises ConfigurationError for a value of another kind."""

    def __init__(self, get: Callable[[str], Any]) -> None:
        """``get`` is an app's ``node.try_get_context``."""
        self._get = get

    def text(self, key: str) -> str:
        """A text; empty if it is not given."""
        value = self._get(key)
        return "" if value is None else str(value)

    @overload
    def whole(self, key: str) -> int | None: ...
    @overload
    def whole(self, key: str, default: int) -> int: ...
    def whole(self, key: str, default: int | None = None) -> int | None:
        """A whole number."""
        text = self.text(key).strip()
        if not text:
            return default
        if not (text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()):
            raise self._refused(key, "a whole number, such as 10")
        return int(text)

    def number(self, key: str, default: float) -> float:
        """A number above 0."""
        text = self.text(key).strip()
        if not text:
            return default
        try:
            value = float(text)
        except ValueError:
            value = 0
        if not (value > 0 and math.isfinite(value)):
            raise self._refused(key, "a number above 0")
        return value

    def flag(self, key: str) -> bool:
        """True or false; false if it is not given."""
        text = self.text(key).strip().lower()
        if text not in ("true", "false", ""):
            raise self._refused(key, "true or false")
        return text == "true"

    def _refused(self, key: str, what: str) -> ConfigurationError:
        return ConfigurationError(f"the context value {key} is '{self.text(key)}': it has to be {what}.")
