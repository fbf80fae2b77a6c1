"""Ids in the service's format, made from an injected source of randomness."""

from __future__ import annotations

import base64
from random import Random

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Ids:
    def __init__(self, random: Random) -> None:
        self._random = random

    def pipeline(self) -> str:
        """`df-` and an opaque name, such as `df-0937003356ZJEXAMPLE`."""
        return "df-" + "".join(self._random.choices(_ALPHABET, k=18))

    def task(self, attempt: str) -> str:
        """Long and opaque: base64 parts joined by colons. Neither a file name nor an execution name."""
        parts = (self._random.randbytes(192), attempt.encode()[:96] + self._random.randbytes(32))
        return ":".join(base64.b64encode(part).decode() for part in parts) + ":1"
