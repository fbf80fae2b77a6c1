"""AWS's list prices, from prices.json: one dated file, to be renewed by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("prices.json")


@dataclass(frozen=True)
class Price:
    """``usd`` for one ``unit``; the first ``free_a_month`` of each month cost nothing, and stay so."""

    usd: float
    unit: str
    free_a_month: float
    source: str


@dataclass(frozen=True)
class Prices:
    """The prices of a region on a day."""

    date: str
    region: str
    of: Mapping[str, Price]

    @classmethod
    def load(cls, file: Path = FILE) -> Prices:
        """Read the file. Raises KeyError or TypeError for one that is not in form."""
        data = json.loads(file.read_text())
        prices = {name: Price(**price) for name, price in data["prices"].items()}
        return cls(data["date"], data["region"], prices)
