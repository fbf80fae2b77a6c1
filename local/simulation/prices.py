"""AWS's list prices, from prices.json: a dated file, updated by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("prices.json")


@dataclass(frozen=True)
class Price:
    """``usd`` for one ``unit``. The first ``free_a_month`` units of each month are always free."""

    usd: float
    unit: str
    free_a_month: float
    source: str


@dataclass(frozen=True)
class Prices:
    """A region's prices on one day."""

    date: str
    region: str
    of: Mapping[str, Price]

    @classmethod
    def load(cls, file: Path = FILE) -> Prices:
        """Read the file. Raises KeyError or TypeError if it is malformed."""
        data = json.loads(file.read_text())
        prices = {name: Price(**price) for name, price in data["prices"].items()}
        return cls(data["date"], data["region"], prices)
