"""Reads the CDK's context, from cdk.json or ``-c KEY=VALUE``, as typed values.

The command line passes strings; cdk.json may also contain numbers and booleans. A missing or empty value
means the default.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, overload

from infra.configuration_error import ConfigurationError


class Context:
    """Each method raises ConfigurationError for a value of another type."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """``values`` is an app's ``node.get_all_context()``."""
        self._values = values
        self._read: set[str] = set()

    def text(self, key: str) -> str:
        """A string; empty if the key is missing."""
        self._read.add(key)
        value = self._values.get(key)
        if isinstance(value, list | tuple | Mapping):
            raise ConfigurationError(f"the context value {key} is {value!r}: one value is needed, no list.")
        return "" if value is None else str(value)

    def refuse_misspelt(self) -> None:
        """Refuse a key that nobody read but that resembles one that was read. Call it last."""
        by_form = {_form(key): key for key in self._read}
        for key in sorted(set(self._values) - self._read):
            for near in get_close_matches(_form(key), by_form, n=1, cutoff=0.85):
                raise ConfigurationError(
                    f"nothing reads the context value {key}. Did you mean {by_form[near]}? One of your own "
                    "is read with context.text()."
                )

    @overload
    def whole(self, key: str) -> int | None: ...
    @overload
    def whole(self, key: str, default: int) -> int: ...
    def whole(self, key: str, default: int | None = None) -> int | None:
        """A whole number."""
        text = self.text(key).strip()
        if not text:
            return default
        digits = text.removeprefix("-")
        # Python refuses to read more than 4,300 digits, and no setting takes more than a few.
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
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
        """True or false; false if the key is missing."""
        text = self.text(key).strip().lower()
        if text not in ("true", "false", ""):
            raise self._refused(key, "true or false")
        return text == "true"

    def _refused(self, key: str, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"the context value {key} is '{self.text(key)[:100]}': it has to be {what}."
        )


def _form(key: str) -> str:
    return key.replace("_", "").replace("-", "").lower()
